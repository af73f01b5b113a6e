import { bareChromium, tunedChromium } from '../bare.ts';
import { ONCE, type Budget } from '../budget.ts';
import { usePage, type Contender } from '../contender.ts';
import { medianAtMost, p95AtMost, rowOf, times, timesAtMost, type Row } from '../rows.ts';
import { openService, POOL_OFF } from '../service.ts';
import { settle } from '../settle.ts';
import { interleave } from '../statistics.ts';

/** The goal of 10 ms was set where a bare launch took 374 ms. */
const POOLED = 0.027;

interface Times {
  answered: number[];
  usable: number[];
}

/** From asking for a browser to having used its page: with the pool, without it, and bare. */
export async function measureCreate(budget: Budget): Promise<Row[]> {
  await using pooled = await openService();
  await using unpooled = await openService(POOL_OFF, 'pool off');
  const [bare, keep] = [await bareChromium(), await tunedChromium()];
  const contenders = [pooled, unpooled, bare, keep];
  const taken = new Map<Contender, Times>(
    contenders.map((contender) => [contender, { answered: [], usable: [] }]),
  );
  const sample = async (contender: Contender) => {
    await settle(pooled);
    const began = performance.now();
    const opened = await contender.open();
    const answered = performance.now() - began;
    try {
      using _ = await usePage(opened);
      taken.get(contender)?.usable.push(performance.now() - began);
      taken.get(contender)?.answered.push(answered);
    } finally {
      await opened.end();
    }
  };
  // The first of each reads the files of Chromium, and compiles what it runs.
  await interleave(ONCE, contenders, sample);
  for (const { answered, usable } of taken.values()) answered.length = usable.length = 0;
  await interleave(budget, contenders, sample);
  const usableOf = (contender: Contender) => taken.get(contender)?.usable ?? [];
  const [asBare, asKeep] = [bare, keep].map((one) => ({ name: one.name, samples: usableOf(one) }));
  if (!asBare || !asKeep) throw new Error('there is nothing to compare with');
  return [
    rowOf('bare Chromium: launch → evaluated', 'ms', asBare.samples),
    rowOf('bare-keep: launch → evaluated', 'ms', asKeep.samples, times(asBare)),
    rowOf(
      'create, answered from the pool',
      'ms',
      taken.get(pooled)?.answered ?? [],
      medianAtMost(10),
      p95AtMost(25),
      timesAtMost(POOLED, asBare),
    ),
    rowOf(
      'create → evaluated',
      'ms',
      usableOf(pooled),
      medianAtMost(25),
      timesAtMost(0.07, asBare),
    ),
    rowOf(
      'pool off: create → evaluated',
      'ms',
      usableOf(unpooled),
      timesAtMost(1.1, asKeep),
      timesAtMost(0.7, asBare),
    ),
  ];
}
