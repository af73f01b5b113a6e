import { createHash } from 'node:crypto';

/** The next number of a stream, at least 0 and less than 1. */
export type Random = () => number;

/**
 * A stream of numbers that a text determines, on any machine and for ever: sfc32 (Chris Doty-Humphrey's
 * "small fast counter", PractRand). Its state is the first 16 bytes of the text's SHA-256; the first
 * 12 draws are thrown away. All integers have 32 bits.
 */
export function seededRandom(seed: string): Random {
  const state = createHash('sha256').update(seed).digest();
  let a = state.readInt32LE(0);
  let b = state.readInt32LE(4);
  let c = state.readInt32LE(8);
  let counter = state.readInt32LE(12);
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let draw = 0; draw < 12; draw++) next();
  return next;
}

/** A draw from the standard normal distribution (Box & Muller 1958). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A draw of a time with a normal logarithm, as reaction times and key intervals nearly have. */
export function logNormal(random: Random, median: number, sigma: number): number {
  return median * Math.exp(sigma * normal(random));
}
