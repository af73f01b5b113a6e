import { bareChromium, tunedChromium } from '../bare.ts';
import type { Budget } from '../budget.ts';
import { closedLoop } from '../closed-loop.ts';
import type { Contender } from '../contender.ts';
import { noneOf, rowOf, times, timesAtLeast, type Row } from '../rows.ts';
import { openService } from '../service.ts';
import { settle } from '../settle.ts';
import { interleave } from '../statistics.ts';

const AT_ONCE = [1, 2, 4, 8];
const SAMPLES = 4;
/** What one sample of a rate ends with, whichever comes first. */
const LIMITS = { cycles: 16, seconds: 3 };
/** Cycles that use up what a pool had ready: a sustained rate is that of launches. */
const LEAD_IN = 8;

interface Rates {
  contender: Contender;
  atOnce: number;
  samples: number[];
  failures: number;
}

/** Cycles of create, connect, evaluate and stop in a second, so many at a time. */
export async function measureRate(budget: Budget): Promise<Row[]> {
  await using service = await openService();
  const [bare, keep] = [await bareChromium(), await tunedChromium()];
  const series = [service, bare, keep].flatMap((contender) =>
    AT_ONCE.map((atOnce): Rates => ({ contender, atOnce, samples: [], failures: 0 })),
  );
  await interleave({ ...budget, rounds: SAMPLES }, series, async (one) => {
    await settle();
    if (one.contender === service) {
      await closedLoop(service, { ...LIMITS, cycles: LEAD_IN, atOnce: one.atOnce });
    }
    const loop = await closedLoop(one.contender, { ...LIMITS, atOnce: one.atOnce });
    one.samples.push(loop.perSecond);
    one.failures += loop.failures;
  });
  return AT_ONCE.flatMap((atOnce) => {
    const [ours, asBare, asKeep] = [service, bare, keep].map((contender) => ({
      name: contender.name,
      samples: [],
      failures: 0,
      ...series.find((one) => one.contender === contender && one.atOnce === atOnce),
    }));
    if (!ours || !asBare || !asKeep) return [];
    return [
      rowOf(`bare Chromium: cycles, ${atOnce} at a time`, '/s', asBare.samples),
      rowOf(`bare-keep: cycles, ${atOnce} at a time`, '/s', asKeep.samples, times(asBare)),
      rowOf(
        `cycles, ${atOnce} at a time`,
        '/s',
        ours.samples,
        timesAtLeast(0.9, asKeep),
        timesAtLeast(1.5, asBare),
        noneOf(ours.failures, 'failures'),
      ),
    ];
  });
}
