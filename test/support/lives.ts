import { present } from './records.ts';
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { onTestFinished, vi } from 'vitest';
import type { Companion } from '../../src/runtime-manager/companion.ts';
import { WakeUps } from '../../src/runtime-manager/events/wake-ups.ts';
import { LocalNode } from '../../src/runtime-manager/node/local-node.ts';
import { PageObservers } from '../../src/runtime-manager/node/page-observers.ts';
import type { CallScope } from '../../src/runtime-manager/node/runtime-node.ts';
import type {
  Launch,
  NewVersion,
  ProfileLease,
  Runtime,
} from '../../src/runtime-manager/runtime/index.ts';
import { FakeMachine, type FakeBrowser, type FakeLaunch } from './fake-machine.ts';
import { MemoryStore } from './memory-store.ts';
import { orderOf } from './node-under-test.ts';

export const REQUESTED = { to: 'stopped', reason: 'requested' } as const;
export const IDLE = { to: 'stopped', reason: 'idle' } as const;

export interface LivesOptions {
  maxRuntimes?: number;
  companions?: Companion[];
}

/** Lets everything happen that waits for no timer. */
export const settled = () => vi.advanceTimersByTimeAsync(0);

/** Lets time pass, for all timers there are. */
export const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** Makes time stand still, until the test is over: also for what waits by promises. */
export function holdTime(): void {
  vi.useFakeTimers({ fakeNodeBuiltins: true });
  onTestFinished(() => void vi.useRealTimers());
}

/** A local node on a machine that the test controls, with its records in memory. */
export function openLives({ maxRuntimes = 2, companions = [] }: LivesOptions = {}) {
  holdTime();
  const machine = new FakeMachine();
  const store = new MemoryStore();
  const failed: string[] = [];
  const node = new LocalNode({
    machine,
    store,
    companions,
    admission: { maxRuntimes, maxLaunches: 2, maxQueue: 5, queueTimeoutMs: 60_000 },
    metrics: { time: (_, work) => work(), failed: (code) => void failed.push(code) },
    extensions: { resolve: async () => [] },
    profiles: profilesOf(store),
    openCommandMs: 300_000,
    observers: new PageObservers(),
    wakeUps: new WakeUps(),
    log: pino({ level: 'silent' }),
  });
  const create = (launch: Launch = { mode: 'ephemeral' }, scope: CallScope = {}) => {
    const order = orderOf('o', { launch });
    const made = node.create(order, scope);
    made.catch(() => undefined);
    return { made, id: order.runtime.id };
  };
  /** The next launch, once it is asked for. */
  const launch = async (): Promise<FakeLaunch> => {
    await settled();
    const next = machine.launches.shift();
    if (!next) throw new Error('nothing is being launched');
    return next;
  };
  const run = async (given?: Launch): Promise<{ runtime: Runtime; browser: FakeBrowser }> => {
    const { made } = create(given);
    const browser = (await launch()).come();
    return { runtime: present(await made), browser };
  };
  /** As it is recorded now. */
  const find = (id: string) => store.find('o', 'default', id);
  return { node, machine, store, failed, create, launch, run, find };
}

/** The profile that every request gets. */
function profilesOf({ writes }: MemoryStore) {
  const id = randomUUID();
  const profile = { id, organizationId: 'o', config: {}, extensionIds: [], fingerprint: {} };
  const lease: ProfileLease = { profile, fence: 1, version: undefined };
  return {
    store: {
      lease: async () => lease,
      read: async () => lease,
      findProfile: unused,
      addVersion: unused,
      findVersion: unused,
      findVersionBefore: unused,
      isSaved: unused,
      prune: unused,
    },
    record: async (_: string, profileId: string, { archive, kind, runtimeId }: NewVersion) => {
      writes.push(`version ${kind}`);
      return { ...archive, profileId, version: 1, kind, runtimeId, createdAt: new Date() };
    },
  };
}

async function unused(): Promise<never> {
  throw new Error('nobody is to ask for it');
}
