/** When a process gives up what it holds, and how it comes back. */
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, onTestFinished } from 'vitest';
import { Isolation } from '../../../src/runtime-manager/cluster/isolation.ts';
import { Membership } from '../../../src/runtime-manager/cluster/membership.ts';
import { member, test as base } from '../../support/cluster-test.ts';
import { letPass } from '../../support/elapsed.ts';
import { every } from '../../../src/runtime-manager/timing/every.ts';

const log = pino({ level: 'silent' });
const LIFE = ['fence', 'recover', 'resume'];

/** A member whose database answers while a test says so, and what it did with what it holds. */
const test = base.extend('joined', async ({ cluster: { members } }) => {
  const done: string[] = [];
  const network = { hasDatabase: true };
  const reached = async <T>(work: () => Promise<T>): Promise<T> => {
    if (network.hasDatabase) return work();
    throw new Error('there is no database');
  };
  const node = member();
  const isolation = new Isolation();
  const membership = await Membership.join({
    node,
    isolation,
    store: {
      join: (...given) => reached(() => members.join(...given)),
      renew: (...given) => reached(() => members.renew(...given)),
      drain: (life) => members.drain(life),
      leave: (life) => members.leave(life),
    },
    held: {
      fence: async () => void done.push('fence'),
      recover: async () => reached(async () => void done.push('recover')),
      resume: () => void done.push('resume'),
    },
    log,
  });
  onTestFinished(() => membership[Symbol.asyncDispose]());
  return { node, membership, isolation, network, done };
});

/** Has a witness be heard again and again. */
function hearing(isolation: Isolation, witness: 'bus' | 'probe'): Disposable {
  const hear = async () => isolation.hear(witness);
  const hearingIt = every(50, hear, () => undefined);
  onTestFinished(() => hearingIt[Symbol.dispose]());
  return hearingIt;
}

test('whoever was declared lost ends what it holds, and joins one epoch later', async ({
  cluster: { members, statesOf },
  joined: { node, membership, isolation, network, done },
}) => {
  hearing(isolation, 'bus');
  network.hasDatabase = false;
  await expect.poll(() => members.declareLost([node.id])).toMatchObject({ nodeIds: [node.id] });
  expect(done).toEqual([]);
  network.hasDatabase = true;
  await expect.poll(() => membership.epoch).toBe(2);
  expect(done).toEqual(LIFE);
  expect(await statesOf([node.id])).toEqual(['up']);
});

test('whoever is cut off from all others ends what it holds, and joins as soon as it can', async ({
  joined: { membership, network, done },
}) => {
  network.hasDatabase = false;
  await expect.poll(() => done).toEqual(['fence']);
  expect(membership.epoch).toBeUndefined();
  network.hasDatabase = true;
  await expect.poll(() => membership.epoch).toBe(2);
  expect(done).toEqual(LIFE);
});

test.for(['bus', 'probe'] as const)(
  'whoever has no database, and hears of others by the %s, goes on',
  async (witness, { joined: { membership, isolation, network, done } }) => {
    const heard = hearing(isolation, witness);
    network.hasDatabase = false;
    await delay(3000);
    expect([membership.epoch, done]).toEqual([1, []]);
    heard[Symbol.dispose]();
    await expect.poll(() => done).toEqual(['fence']);
    network.hasDatabase = true;
  },
);

test('time in which the process did not run does not count', async ({
  joined: { membership, network, done },
}) => {
  network.hasDatabase = false;
  letPass(60);
  await delay(500);
  expect([membership.epoch, done]).toEqual([1, []]);
  network.hasDatabase = true;
});
