import { availableParallelism } from 'node:os';
import { bareChromium } from '../bare.ts';
import type { Budget } from '../budget.ts';
import { usePage, type OpenedBrowser } from '../contender.ts';
import { noneOf, rowOf, timesAtMost, type Row } from '../rows.ts';
import { openService, runtimeOf, type BenchService } from '../service.ts';
import { settle } from '../settle.ts';
import { interleave } from '../statistics.ts';

const BROWSERS = 50;
const PLACES = 100;
/** Two of each say whether the machine stayed the same; more would take minutes. */
const ROUNDS = 2;

/** One way to so many browsers, each with a page that was used. */
interface Side {
  open: () => Promise<OpenedBrowser | undefined>;
  /** As many as are asked for at a time. */
  atOnce: number;
  /** Milliseconds until the last was usable, of the rounds in which nobody was refused. */
  walls: number[];
  /** Milliseconds until each was usable, since the first was asked for. */
  each: number[];
  refused: number;
}

/** Many creates at once, with places for twice as many, against launches one for each core at a time. */
export async function measureBurst({ until }: Budget): Promise<Row[]> {
  await using service = await openService({ BCTRL_MAX_RUNTIMES: String(PLACES) });
  const burst = sideOf(() => createUnlessRefused(service), BROWSERS);
  const bare = sideOf((await bareChromium()).open, availableParallelism());
  await interleave({ rounds: ROUNDS, until }, [burst, bare], async (side) => {
    await settle(service);
    await openAll(side);
  });
  const asBare = { name: 'bare', samples: bare.walls };
  return [
    rowOf(`bare Chromium: ${BROWSERS} usable, ${bare.atOnce} at a time`, 'ms', asBare.samples),
    rowOf(
      `${BROWSERS} creates at once, ${PLACES} places: all usable`,
      'ms',
      burst.walls,
      timesAtMost(1, asBare),
      noneOf(burst.refused, 'refused'),
    ),
    rowOf('each of these, usable', 'ms', burst.each),
  ];
}

function sideOf(open: Side['open'], atOnce: number): Side {
  return { open, atOnce, walls: [], each: [], refused: 0 };
}

/** Ends them when all are there, so that the last is as crowded on either side. */
async function openAll(side: Side): Promise<void> {
  const opened: OpenedBrowser[] = [];
  const refusedBefore = side.refused;
  const began = performance.now();
  let left = BROWSERS;
  const worker = async () => {
    while (left-- > 0) {
      const browser = await side.open();
      if (!browser) {
        side.refused++;
        continue;
      }
      opened.push(browser);
      using _ = await usePage(browser);
      side.each.push(performance.now() - began);
    }
  };
  const done = await Promise.allSettled(Array.from({ length: side.atOnce }, worker));
  if (side.refused === refusedBefore) side.walls.push(performance.now() - began);
  await Promise.all(opened.map((browser) => browser.end()));
  const failed = done.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

async function createUnlessRefused(service: BenchService): Promise<OpenedBrowser | undefined> {
  const answer = await service.tryCreate();
  return answer.status === 503 ? undefined : runtimeOf(service.call, answer);
}
