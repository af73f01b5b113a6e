/** Services that share a database answer a repeated request alike, also when one of them dies. */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { expect, test as base } from 'vitest';
import { IdempotentAnswers, type Answer } from '../../../src/api/http/idempotent-answers.ts';
import { createNodeStore } from '../../../src/db/queries/nodes.ts';
import { contention } from '../../support/contention.ts';
import { openTestDatabase } from '../../support/database.ts';

const LEASE_MS = 2000;

const test = base.extend('services', async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  const database = stack.use(await openTestDatabase());
  const members = createNodeStore(database);
  const join = async (leaseMs: number) => {
    const id = randomUUID();
    const self = { id, role: 'api', address: undefined, build: 'b', protocol: 1 } as const;
    const life = await members.join(self, leaseMs);
    const log = pino({ level: 'silent' });
    const answers = stack.use(await IdempotentAnswers.open(database.db, id, log));
    return { life, answers };
  };
  return { members, join };
});

function answerOf(status: number, body: string): Answer {
  return { status, headers: {}, body };
}

const requestOf = (digest = 'd') => ({ secret: 's', key: 'k', digest });

test('of two services that get the same request, one carries it out and the other waits', async ({
  services: { join },
}) => {
  const [one, other] = [await join(60_000), await join(60_000)];
  const begun = Promise.withResolvers<string>();
  const end = Promise.withResolvers<Answer>();
  const first = one.answers.answer(requestOf(), async (runtimeId) => {
    begun.resolve(runtimeId);
    return end.promise;
  });
  await begun.promise;
  const repeated = other.answers.answer(requestOf(), () => expect.fail('carried out twice'));
  await expect(
    other.answers.answer(requestOf('another'), () => expect.fail('carried out')),
  ).rejects.toMatchObject({ code: 'idempotency.mismatch' });
  const answer = answerOf(200, 'made');
  end.resolve(answer);
  expect(await first).toEqual({ answer, isReplay: false });
  expect(await repeated).toEqual({ answer, isReplay: true });
});

test('when a service is killed, the one that waits carries the request out for the same runtime', async ({
  services: { join },
}) => {
  const [killed, other] = [await join(LEASE_MS), await join(60_000)];
  const begun = Promise.withResolvers<string>();
  // Nothing is heard of it any more, and nobody renews its lease.
  void killed.answers.answer(requestOf(), async (runtimeId) => {
    begun.resolve(runtimeId);
    return Promise.withResolvers<Answer>().promise;
  });
  const runtimeId = await begun.promise;
  const killedAt = performance.now();
  const answered = await other.answers.answer(requestOf(), async (id) => answerOf(200, id));
  expect(answered).toEqual({ answer: answerOf(200, runtimeId), isReplay: false });
  expect(performance.now() - killedAt).toBeLessThan((LEASE_MS + 500) * contention());
  expect(await other.answers.answer(requestOf(), () => expect.fail('carried out'))).toMatchObject({
    isReplay: true,
  });
});

test('a service that leaves passes on what it has not finished, and answers its own client', async ({
  services: { join, members },
}) => {
  const [leaving, other] = [await join(60_000), await join(60_000)];
  const begun = Promise.withResolvers<string>();
  const end = Promise.withResolvers<Answer>();
  const own = leaving.answers.answer(requestOf(), async (runtimeId) => {
    begun.resolve(runtimeId);
    return end.promise;
  });
  const runtimeId = await begun.promise;
  await members.leave(leaving.life);
  const answered = await other.answers.answer(requestOf(), async (id) => answerOf(200, id));
  expect(answered.answer.body).toBe(runtimeId);
  end.resolve(answerOf(503, 'late'));
  expect((await own).answer.status).toBe(503);
  const again = await other.answers.answer(requestOf(), () => expect.fail('carried out'));
  expect(again).toEqual({ answer: answered.answer, isReplay: true });
});

test('a request that failed may be tried again at another service, for another runtime', async ({
  services: { join },
}) => {
  const [one, other] = [await join(60_000), await join(60_000)];
  const made: string[] = [];
  const fail = async (runtimeId: string) => {
    made.push(runtimeId);
    return answerOf(503, 'full');
  };
  await one.answers.answer(requestOf(), fail);
  await other.answers.answer(requestOf(), fail);
  expect(new Set(made).size).toBe(2);
});
