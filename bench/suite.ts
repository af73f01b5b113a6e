/**
 * The service against bare Chromium, in the same run and in turn. Prints a table, writes
 * `bench/results/<time>.json`, and exits with 1 when a goal is missed.
 *
 *     npm run bench -- [--only=create,memory] [--rounds=20] [--markdown]
 *
 * Without `--only` it leaves out what needs the memory of a hundred browsers (burst, hundred) or
 * writes ten million rows (growth).
 */
import { parseArgs } from 'node:util';
import { budgetOf, type Budget } from './suite/budget.ts';
import { boundBy } from './suite/endings.ts';
import { measureArrival } from './suite/measures/arrival.ts';
import { measureBridge } from './suite/measures/bridge.ts';
import { measureBurst } from './suite/measures/burst.ts';
import { measureCreate } from './suite/measures/create.ts';
import { measureGrowth } from './suite/measures/growth.ts';
import { measureHundred } from './suite/measures/hundred.ts';
import { measureJail } from './suite/measures/jail.ts';
import { measureLaunchOptions } from './suite/measures/launch-options.ts';
import { measureLookups } from './suite/measures/lookups.ts';
import { measureMemory } from './suite/measures/memory.ts';
import { measurePoisson } from './suite/measures/poisson.ts';
import { measureQuota } from './suite/measures/quota.ts';
import { measureRate } from './suite/measures/rate.ts';
import { measureVisit } from './suite/measures/visit.ts';
import { printRows, saveRows } from './suite/report.ts';
import { isMissed, type Row } from './suite/rows.ts';

const TIMEOUT_MS = 20 * 60_000;

interface Measure {
  run: (budget: Budget) => Promise<Row[]>;
  /** Where the machine is too slow for all rounds, there are fewer. */
  seconds: number;
  /** Only when it is asked for. */
  isLarge?: boolean;
}

const MEASURES: Record<string, Measure> = {
  create: { run: measureCreate, seconds: 60 },
  visit: { run: measureVisit, seconds: 90 },
  rate: { run: measureRate, seconds: 150 },
  options: { run: measureLaunchOptions, seconds: 45 },
  memory: { run: measureMemory, seconds: 0 },
  bridge: { run: measureBridge, seconds: 40 },
  jail: { run: measureJail, seconds: 120 },
  arrival: { run: measureArrival, seconds: 0 },
  lookups: { run: measureLookups, seconds: 0 },
  quota: { run: measureQuota, seconds: 0 },
  poisson: { run: measurePoisson, seconds: 0 },
  burst: { run: measureBurst, seconds: 90, isLarge: true },
  hundred: { run: measureHundred, seconds: 0, isLarge: true },
  growth: { run: measureGrowth, seconds: 0, isLarge: true },
};

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '20' },
    markdown: { type: 'boolean', default: false },
  },
});
const began = performance.now();
const rows: Row[] = [];
const ending = boundBy(TIMEOUT_MS, report);
const usual = Object.keys(MEASURES).filter((name) => !MEASURES[name]?.isLarge);
for (const name of options.only?.split(',') ?? usual) {
  const measure = MEASURES[name];
  if (!measure) throw new Error(`there is no ${name}, only ${Object.keys(MEASURES).join(', ')}`);
  if (ending.aborted) break;
  console.error(`${name} …`);
  try {
    rows.push(...(await measure.run(budgetOf(Number(options.rounds), measure.seconds))));
  } catch (error) {
    // The others can be measured all the same.
    console.error(error);
    process.exitCode = 1;
  }
}
if (!ending.aborted) await report();
if (rows.some(isMissed)) process.exitCode = 1;

async function report(): Promise<void> {
  const seconds = Math.round((performance.now() - began) / 1000);
  printRows(rows, options);
  console.log(`${seconds} s, ${await saveRows(rows, seconds)}`);
}
