import Cap from '@cap.js/server';
import { createChallenge, verifySolution } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2';
import { randomBytes } from 'node:crypto';
import { blake2b } from 'friendly-pow/node/blake2b/blake2b.js';
import { difficultyToThreshold } from 'friendly-pow/node/encoding.js';
import { z } from 'zod';

const HMAC_SECRET = 'a secret for tests';

const AltchaPayload = z.object({ challenge: z.any(), solution: z.any() });

/** ALTCHA's own server side. */
export const altcha = {
  challenge: () =>
    createChallenge({
      algorithm: 'PBKDF2/SHA-256',
      cost: 100,
      keyPrefix: '00',
      deriveKey,
      hmacSignatureSecret: HMAC_SECRET,
    }),
  verify: async (response: string): Promise<boolean> => {
    const payload = AltchaPayload.parse(JSON.parse(Buffer.from(response, 'base64').toString()));
    const { challenge, solution } = payload;
    const result = await verifySolution({
      challenge,
      solution,
      deriveKey,
      hmacSignatureSecret: HMAC_SECRET,
    });
    return result.verified;
  },
};

/** Cap's own server side. */
export function capServer() {
  const cap = new Cap({ noFSState: true, disableAutoCleanup: true });
  return {
    challenge: () => cap.createChallenge({ challengeCount: 5, challengeDifficulty: 3 }),
    redeem: (body: unknown) =>
      cap.redeemChallenge(
        z.object({ token: z.string(), solutions: z.array(z.number()) }).parse(body),
      ),
    verify: async (token: string) => (await cap.validateToken(token)).success,
  };
}

const PUZZLES = 4;
const DIFFICULTY = 60;

/**
 * What Friendly Captcha's server does, which is not published: a puzzle, and whether each solution
 * has a hash below the threshold. https://docs.friendlycaptcha.com
 */
export function friendlyServer() {
  const puzzle = Buffer.concat([
    randomBytes(12),
    Buffer.from([1, 12, PUZZLES, DIFFICULTY]),
    randomBytes(16),
  ]);
  return {
    puzzle: () => ({ data: { puzzle: `signature.${puzzle.toString('base64')}` } }),
    verify: (response: string): boolean => {
      const [, given, encoded = ''] = response.split('.');
      const solutions = Buffer.from(encoded, 'base64');
      const hashes = Array.from({ length: PUZZLES }, (_, n) => {
        const input = Buffer.alloc(128);
        puzzle.copy(input);
        solutions.copy(input, 120, n * 8, n * 8 + 8);
        return Buffer.from(blake2b(input, null, 32)).readUInt32LE();
      });
      const distinct = new Set(
        Array.from({ length: PUZZLES }, (_, n) => solutions.readBigUInt64LE(n * 8)),
      );
      const threshold = difficultyToThreshold(DIFFICULTY);
      return (
        given === puzzle.toString('base64') &&
        distinct.size === PUZZLES &&
        hashes.every((hash) => hash < threshold)
      );
    },
  };
}
