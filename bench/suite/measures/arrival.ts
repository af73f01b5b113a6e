import { closedLoop } from '../closed-loop.ts';
import { openLoop } from '../open-loop.ts';
import { noneOf, rowOf, timesAtLeast, type Row } from '../rows.ts';
import { evenly } from '../schedules.ts';
import { openService, type BenchService } from '../service.ts';
import { settle } from '../settle.ts';

const AT_ONCE = 8;
const CLOSED = { cycles: 32, seconds: 8, atOnce: AT_ONCE };
const TIMES_THE_RATE = 2;
const ARRIVALS_MS = 20_000;
const SAMPLE_EVERY_MS = 250;
const QUEUE_LENGTH = 'bctrl_runtime_queue_length';

/** Creates come at twice the rate that the machine can carry out, whatever the answers are. */
export async function measureArrival(): Promise<Row[]> {
  await using service = await openService();
  await settle(service);
  await closedLoop(service, { ...CLOSED, cycles: AT_ONCE });
  const closed = await closedLoop(service, CLOSED);
  await settle(service);
  const perSecond = closed.perSecond * TIMES_THE_RATE;
  const queue: number[] = [];
  using _ = watchQueue(service, queue);
  const outcome = await openLoop(service, evenly({ perSecond, spanMs: ARRIVALS_MS }), 0);
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
    rowOf('length of the queue', '', queue),
  ];
}

function watchQueue({ gauge }: BenchService, lengths: number[]): NodeJS.Timeout {
  return setInterval(() => {
    void gauge(QUEUE_LENGTH).then((length = NaN) => lengths.push(length), console.error);
  }, SAMPLE_EVERY_MS);
}
