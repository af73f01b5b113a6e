/**
 * The thread that delivers to webhooks. However many messages there are, requests to the API find the
 * service's own thread free, and the processor as well: this one has a lower priority.
 */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { createBirpc } from 'birpc';
import { openDatabase } from '../../db/client.ts';
import { lastGivenEventId, listEventWriters } from '../../db/queries/organization-events.ts';
import { createDeliveryStore } from '../../db/queries/webhook-deliveries.ts';
import { unseal } from '../../db/sealing.ts';
import { Precedence } from '../../runtime-manager/timing/precedence.ts';
import { Dispatcher, EgressRefusal, Sender } from '../../runtime-manager/webhooks/index.ts';
import { channelOf, type ServiceSide, type ThreadSide } from './delivery-channel.ts';

/** A third of the share of a processor that others get, while there is not enough for all. */
const NICE = 5;
/** Half of them for what the loops write. */
const CONNECTIONS = 4;
const COUNT_EVERY_MS = 250;

if (!parentPort) throw new Error('this file is loaded as a thread');
lowerPriority();

const listeners = new Map<string, () => void>();
const stack = new AsyncDisposableStack();
const service = createBirpc<ServiceSide, ThreadSide>(
  {
    wake: (organizationIds) => {
      for (const id of organizationIds) listeners.get(id)?.();
    },
    close: () => stack.disposeAsync(),
  },
  { ...channelOf(parentPort), eventNames: ['listen', 'leave', 'delivered', 'failed', 'warn'] },
);

const { address, keys, precedence, version } = await service.parts();
const requests = new Precedence(precedence);
const { db, unhurried } = stack.use(await openDatabase(address, { connections: CONNECTIONS }));
const sender = stack.use(new Sender({ policy: { resolve }, version }));
stack.use(
  new Dispatcher({
    store: createDeliveryStore({ db, unhurried }, { unseal: (sealed) => unseal(sealed, keys) }),
    events: {
      lastGivenEventId: () => lastGivenEventId(db),
      listEventWriters: () => listEventWriters(db),
    },
    wakeUps: { listen },
    sender,
    metrics: { delivered: countSoon(), failed: (outcome) => void service.failed(outcome) },
    giveWay: () => requests.giveWay(),
    log: { warn: (about, message) => void service.warn(about, message) },
  }),
);

/** Of this thread alone: Linux has a priority for each. */
function lowerPriority(): void {
  const [, threadId] = /\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self')) ?? [];
  if (threadId !== undefined) setPriority(Number(threadId), NICE);
}

function listen(organizationId: string, heard: () => void): Disposable {
  listeners.set(organizationId, heard);
  void service.listen(organizationId);
  return {
    [Symbol.dispose]: () => {
      listeners.delete(organizationId);
      void service.leave(organizationId);
    },
  };
}

async function resolve(destination: { host: string; port: number }): Promise<string[]> {
  const judged = await service.judge(destination);
  if ('addresses' in judged) return judged.addresses;
  if ('refusal' in judged) throw new EgressRefusal(judged.refusal);
  throw Object.assign(new Error(judged.message), { code: judged.code });
}

/** Many deliveries in a moment are one message. */
function countSoon(): (lagMs: number) => void {
  let lagsMs: number[] = [];
  const tell = () => {
    void service.delivered(lagsMs);
    lagsMs = [];
  };
  return (lagMs) => {
    if (lagsMs.push(lagMs) === 1) setTimeout(tell, COUNT_EVERY_MS);
  };
}
