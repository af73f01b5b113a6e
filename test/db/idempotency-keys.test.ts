/** Who carries a request out, and for which runtime, when processes come and go. */
import { randomUUID } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import { expect, test as base } from 'vitest';
import {
  claimKey,
  findRequest,
  releaseKey,
  releaseUnfinished,
  saveAnswer,
} from '../../src/db/queries/idempotency-keys.ts';
import { createNodeStore } from '../../src/db/queries/nodes.ts';
import { idempotencyKeys, nodes } from '../../src/db/schema/index.ts';
import { openTestDatabase } from '../support/database.ts';

const MINUTE_MS = 60_000;
const ANSWER = Buffer.from('answer');

const test = base
  .extend('database', { scope: 'file' }, async ({}, { onCleanup }) => {
    const database = await openTestDatabase();
    onCleanup(() => database[Symbol.asyncDispose]());
    return database;
  })
  .extend('keys', async ({ database }) => {
    const { db } = database;
    const id = randomUUID();
    const members = createNodeStore(database);
    const join = (nodeId: string = randomUUID(), leaseMs = MINUTE_MS) =>
      members.join(
        { id: nodeId, role: 'api', address: undefined, build: 'b', protocol: 1 },
        leaseMs,
      );
    const claim = (nodeId: string, request = 'r') => claimKey(db, { id, request, nodeId });
    const age = () =>
      db
        .update(idempotencyKeys)
        .set({ createdAt: sql`now() - interval '25 hours'` })
        .where(eq(idempotencyKeys.id, id));
    return { db, id, members, join, claim, age };
  });

test('one of many that claim a key at once gets it', async ({ keys: { claim } }) => {
  const claimed = await Promise.all(Array.from({ length: 20 }, () => claim(randomUUID())));
  expect(claimed.filter((runtimeId) => runtimeId !== undefined)).toHaveLength(1);
});

test('a key that was released, or is older than a day, is for another runtime', async ({
  keys: { db, id, claim, age },
}) => {
  const nodeId = randomUUID();
  const first = await claim(nodeId);
  await releaseKey(db, { id, nodeId });
  const second = await claim(nodeId);
  await saveAnswer(db, { id, nodeId }, ANSWER);
  expect(await claim(nodeId)).toBeUndefined();
  await age();
  const third = await claim(nodeId, 'another');
  await age();
  const fourth = await claim(randomUUID(), 'yet another');
  expect(new Set([first, second, third, fourth]).size).toBe(4);
  expect(await findRequest(db, id)).toEqual({ request: 'yet another', answer: undefined });
});

test('an unfinished key is taken over with its runtime once its claimer is gone', async ({
  keys: { db, members, join, claim },
}) => {
  const last = randomUUID();
  const lives = [await join(), await join(), await join(), await join()] as const;
  const [over, lost, left, restarted] = lives;
  const runtimeId = await claim(over.id);
  expect(runtimeId).toBeDefined();
  const passOn = async (to: string) => {
    expect(await claim(to, 'another')).toBeUndefined();
    expect(await claim(to)).toBe(runtimeId);
  };

  expect(await claim(lost.id)).toBeUndefined();
  await members.renew(over, -1);
  await passOn(lost.id);

  expect(await claim(left.id)).toBeUndefined();
  await db.update(nodes).set({ state: 'lost' }).where(eq(nodes.id, lost.id));
  await passOn(left.id);

  await members.drain(left);
  expect(await claim(restarted.id)).toBeUndefined();
  await members.leave(left);
  await passOn(restarted.id);

  await join(restarted.id);
  await passOn(last);

  // This one is in no cluster, so that nobody knows whether it is gone.
  expect(await claim(over.id)).toBeUndefined();
  await passOn(last);
});

test('a key that was taken over is neither answered nor released by the process it was taken from', async ({
  keys: { db, id, members, join, claim },
}) => {
  const life = await join();
  const [before, after] = [
    { id, nodeId: life.id },
    { id, nodeId: randomUUID() },
  ];
  await claim(before.nodeId);
  await members.leave(life);
  await claim(after.nodeId);
  await saveAnswer(db, before, ANSWER);
  await releaseKey(db, before);
  expect(await findRequest(db, id)).toEqual({ request: 'r', answer: undefined });
  await saveAnswer(db, after, ANSWER);
  await releaseKey(db, after);
  expect(await findRequest(db, id)).toEqual({ request: 'r', answer: ANSWER });
});

test('a restart frees unfinished keys, but in a cluster keeps them for whoever asks again', async ({
  keys: { db, id, join, claim },
}) => {
  const alone = randomUUID();
  const first = await claim(alone);
  await releaseUnfinished(db, alone);
  expect(await findRequest(db, id)).toBeUndefined();

  const member = await join();
  const second = await claim(member.id);
  expect(second).not.toBe(first);
  await releaseUnfinished(db, member.id);
  await join(member.id);
  expect(await claim(member.id)).toBe(second);
});
