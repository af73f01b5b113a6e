import { setTimeout as sleep } from 'node:timers/promises';
import { closedLoop } from '../closed-loop.ts';
import { usePage } from '../contender.ts';
import { noneOf, rowOf, timesAtLeast, type Row } from '../rows.ts';
import { openService, runtimeOf, type BenchService } from '../service.ts';
import { settle } from '../settle.ts';

const AT_ONCE = 8;
const CLOSED = { cycles: 32, seconds: 8, atOnce: AT_ONCE };
const TIMES_THE_RATE = 2;
const ARRIVALS_MS = 20_000;
const SAMPLE_EVERY_MS = 250;
const QUEUE_LENGTH = 'bctrl_runtime_queue_length';

/** What became of those who came. */
interface Outcome {
  /** Milliseconds to the answer of those that got a runtime. */
  waits: number[];
  /** The same of those that were sent away in order, with a 503 and a Retry-After. */
  refusals: number[];
  /** When each whole life was done, in milliseconds since the first came. */
  done: number[];
  failures: string[];
  queue: number[];
}

/** Creates come at twice the rate that the machine can carry out, whatever the answers are. */
export async function measureArrival(): Promise<Row[]> {
  await using service = await openService();
  await settle(service);
  await closedLoop(service, { ...CLOSED, cycles: AT_ONCE });
  const closed = await closedLoop(service, CLOSED);
  await settle(service);
  const outcome = await openLoop(service, closed.perSecond * TIMES_THE_RATE);
  for (const failure of outcome.failures.slice(0, 5)) console.error(failure);
  const closedLoopRate = { name: 'closed loop', samples: [closed.perSecond] };
  return [
    rowOf(`cycles, ${AT_ONCE} at a time, before`, '/s', closedLoopRate.samples),
    rowOf(
      `cycles while ${TIMES_THE_RATE} × as many come`,
      '/s',
      [(outcome.done.length / Math.max(...outcome.done)) * 1000],
      timesAtLeast(0.8, closedLoopRate),
      noneOf(outcome.failures.length + closed.failures, 'failures'),
    ),
    rowOf('wait of those who got a runtime', 'ms', outcome.waits),
    rowOf('wait of those who were refused', 'ms', outcome.refusals),
    rowOf('length of the queue', '', outcome.queue),
  ];
}

async function openLoop(service: BenchService, perSecond: number): Promise<Outcome> {
  const outcome: Outcome = { waits: [], refusals: [], done: [], failures: [], queue: [] };
  const began = performance.now();
  const arrivals: Promise<void>[] = [];
  const watching = watchQueue(service, outcome.queue);
  while (performance.now() - began < ARRIVALS_MS) {
    arrivals.push(
      arrive(service, outcome, began).catch((error: unknown) => {
        outcome.failures.push(String(error));
      }),
    );
    const next = began + (arrivals.length / perSecond) * 1000;
    await sleep(Math.max(0, next - performance.now()));
  }
  await Promise.all(arrivals);
  clearInterval(watching);
  return outcome;
}

async function arrive(service: BenchService, outcome: Outcome, began: number): Promise<void> {
  const came = performance.now();
  const answer = await service.tryCreate();
  const waited = performance.now() - came;
  if (answer.status === 503 && Number(answer.headers.get('retry-after')) > 0) {
    outcome.refusals.push(waited);
    return;
  }
  const runtime = runtimeOf(service.call, answer);
  outcome.waits.push(waited);
  try {
    using _ = await usePage(runtime);
  } finally {
    await runtime.end();
  }
  outcome.done.push(performance.now() - began);
}

function watchQueue({ gauge }: BenchService, lengths: number[]): NodeJS.Timeout {
  return setInterval(() => {
    void gauge(QUEUE_LENGTH).then((length = NaN) => lengths.push(length), console.error);
  }, SAMPLE_EVERY_MS);
}
