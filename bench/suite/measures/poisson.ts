import { availableParallelism } from 'node:os';
import { closedLoop } from '../closed-loop.ts';
import { openLoop } from '../open-loop.ts';
import { noneOf, p95AtMost, rowOf, type Row } from '../rows.ts';
import { poisson } from '../schedules.ts';
import { openService } from '../service.ts';
import { settle } from '../settle.ts';
import { median } from '../statistics.ts';

/** As many as there are cores: more would only make each cycle longer. */
const SUSTAINED = { cycles: Infinity, seconds: 10, atOnce: availableParallelism() };
/** Cycles that use up what the pool had ready. */
const LEAD_IN = 8;
const SHARE = 0.5;
const SPAN_MS = 60_000;
const KEEP_MS = 2000;
const SEED = 'arrivals';
/** A create that takes so many times the median found no browser ready. */
const MISS = 3;
const P95_MS = 25;

/** Creates come by chance, half as many as the machine can carry out for long. */
export async function measurePoisson(): Promise<Row[]> {
  await using service = await openService();
  await settle(service);
  await closedLoop(service, { ...SUSTAINED, cycles: LEAD_IN });
  const sustained = await closedLoop(service, SUSTAINED);
  await settle(service);
  const arrivals = { perSecond: sustained.perSecond * SHARE, spanMs: SPAN_MS };
  const { waits, refusals, failures } = await openLoop(service, poisson(arrivals, SEED), KEEP_MS);
  for (const failure of failures.slice(0, 5)) console.error(failure);
  const missed = waits.filter((ms) => ms > MISS * median(waits));
  return [
    rowOf(`cycles, ${SUSTAINED.atOnce} at a time, sustained`, '/s', [sustained.perSecond]),
    rowOf(
      `create, by chance ${arrivals.perSecond.toFixed(2)} times a second`,
      'ms',
      waits,
      p95AtMost(P95_MS),
      noneOf(refusals.length + failures.length + sustained.failures, 'refusals and failures'),
    ),
    rowOf(`of these, over ${MISS} × the median (misses)`, 'ms', missed, shareOf(waits)),
  ];
}

function shareOf(all: number[]) {
  return (some: number[]) => {
    const value = some.length / all.length;
    return { value, is: `${(value * 100).toFixed(1)} % of them` };
  };
}
