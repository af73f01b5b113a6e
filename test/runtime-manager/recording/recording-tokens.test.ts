import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { RecordingTokens, Tickets } from '../../../src/runtime-manager/index.ts';

const keys = [randomBytes(32)] as const;
const tokens = new RecordingTokens(keys);
const token = () => ({
  organizationId: randomUUID(),
  recordingId: randomUUID(),
  expiresAt: Date.now() + 60_000,
});
const INVALID = expect.objectContaining({ code: 'connection.ticket_invalid' });

test('a token says what was signed, also after the keys have changed', () => {
  const said = { ...token(), partId: '7' };
  const text = tokens.sign(said);
  expect(tokens.read(text)).toEqual(said);
  expect(new RecordingTokens([randomBytes(32), ...keys]).read(text)).toEqual(said);
});

test('one that has expired, was changed, or is of another kind is refused', () => {
  const late = tokens.sign({ ...token(), expiresAt: Date.now() - 1 });
  expect(() => tokens.read(late)).toThrow(
    expect.objectContaining({ code: 'connection.ticket_expired' }),
  );
  const [payload, signature] = tokens.sign(token()).split('.');
  const other = Buffer.from(JSON.stringify(token())).toString('base64url');
  const ticket = new Tickets(keys).sign({
    nodeId: randomUUID(),
    runtimeId: randomUUID(),
    generation: 1,
    connectionId: randomUUID(),
    protocol: 'live',
    access: 'observe',
    expiresAt: new Date(Date.now() + 60_000),
  });
  for (const text of [
    '',
    '.',
    'x.y',
    `${other}.${signature}`,
    `${payload}.${signature}.`,
    ticket,
  ]) {
    expect(() => tokens.read(text), text).toThrow(INVALID);
  }
  expect(() => new Tickets(keys).read(tokens.sign(token()))).toThrow(INVALID);
});
