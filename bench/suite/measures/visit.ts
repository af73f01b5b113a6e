import { openSite } from '../../site.ts';
import { bareChromium } from '../bare.ts';
import { ONCE, partOf, type Budget } from '../budget.ts';
import type { Contender } from '../contender.ts';
import { PLAYWRIGHT, PUPPETEER, type Driver } from '../drivers.ts';
import { noneOf, rowOf, timesAtMost, valueAtMost, type Row } from '../rows.ts';
import { openService } from '../service.ts';
import { settle } from '../settle.ts';
import { interleave, median, p95 } from '../statistics.ts';

const DRIVERS = [PUPPETEER, PLAYWRIGHT];
/** A third of the 373 ms that browserless 2.56 takes on two cores. */
const USABLE_MS = 124;
const AT_ONCE = 10;
/** The share of the time for visits one at a time, before ten at a time. */
const ONE_AT_A_TIME = 0.6;
/** How many visits each round has, ten at a time. */
const VISITS_PER_ROUND = 3;
const TITLE = 'visited';

/** Milliseconds: until the page was in the library's hands, and until nothing was left. */
interface Visit {
  usable: number;
  total: number;
}

interface Visits {
  contender: Contender;
  driver: Driver;
  visits: Visit[];
}

/**
 * Create, connect, go to a page, stop, as BrowserArena compares services: one at a time, then ten.
 */
export async function measureVisit(budget: Budget): Promise<Row[]> {
  await using service = await openService();
  using site = await openSite(TITLE);
  const bare = await bareChromium();
  const pairs = [service, bare].flatMap((contender) =>
    DRIVERS.map((driver): Visits => ({ contender, driver, visits: [] })),
  );
  const sample = async ({ contender, driver, visits }: Visits) => {
    await settle(service);
    visits.push(await visit(contender, driver, site.url));
  };
  await interleave(ONCE, pairs, sample);
  for (const { visits } of pairs) visits.length = 0;
  await interleave(partOf(budget, ONE_AT_A_TIME), pairs, sample);
  const rows = DRIVERS.flatMap((driver) => {
    const of = (contender: Contender) =>
      pairs.find((pair) => pair.contender === contender && pair.driver === driver)?.visits ?? [];
    return rowsOf(driver, of(service), of(bare));
  });
  return [...rows, ...(await measureTen(budget, service, bare, site.url))];
}

function rowsOf({ name }: Driver, ours: Visit[], bare: Visit[]): Row[] {
  const asBare = { name: 'bare', samples: bare.map(({ total }) => total) };
  const usable = median(ours.map(({ usable: ms }) => ms));
  return [
    rowOf(`bare Chromium: launch → goto → close, ${name}`, 'ms', asBare.samples),
    rowOf(
      `create → goto → stop, ${name}`,
      'ms',
      ours.map(({ total }) => total),
      timesAtMost(0.4, asBare),
      valueAtMost(usable, USABLE_MS, 'usable after', 'ms'),
    ),
  ];
}

async function measureTen(budget: Budget, service: Contender, bare: Contender, url: string) {
  const totals = new Map<Contender, number[]>();
  let failures = 0;
  for (const contender of [bare, service]) {
    await settle();
    let left = Math.max(AT_ONCE, VISITS_PER_ROUND * budget.rounds);
    const { until } = partOf(budget, contender === bare ? 0.5 : 1);
    const samples: number[] = [];
    const work = async (driver: Driver) => {
      do {
        try {
          samples.push((await visit(contender, driver, url)).total);
        } catch (error) {
          console.error(contender.name, error);
          failures++;
        }
      } while (--left >= AT_ONCE && performance.now() < until);
    };
    const workers = Array.from({ length: AT_ONCE / 2 }, () => DRIVERS.map(work));
    await Promise.all(workers.flat());
    totals.set(contender, samples);
  }
  const asBare = { name: 'bare', samples: totals.get(bare) ?? [] };
  return [
    rowOf(`bare Chromium: the same, ${AT_ONCE} at a time`, 'ms', asBare.samples),
    rowOf(
      `create → goto → stop, ${AT_ONCE} at a time`,
      'ms',
      totals.get(service) ?? [],
      timesAtMost(1.5, asBare, p95),
      noneOf(failures, 'failures'),
    ),
  ];
}

async function visit(contender: Contender, driver: Driver, url: string): Promise<Visit> {
  const began = performance.now();
  const opened = await contender.open();
  let usable: number;
  try {
    const page = await driver.connect(opened.cdpUrl);
    usable = performance.now() - began;
    await page.goto(url);
    const title = await page.title();
    await page.leave();
    if (title !== TITLE) throw new Error(`the title was ${title}`);
  } finally {
    await opened.end();
  }
  return { usable, total: performance.now() - began };
}
