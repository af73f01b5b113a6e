/**
 * The console's list with 1,000 runtimes, in a bare Chromium: how soon after its address is opened the
 * first row is drawn, and how many pictures a second there are while the list is scrolled, with rows in
 * each; and what the page's main thread spends on both. Exits with 1 when a goal is missed.
 *
 *     node bench/console.ts [rounds]        (default 10)
 */
import { join } from 'node:path';
import { openDatabase } from '../src/db/client.ts';
import { embeddedAddress } from '../src/db/embedded.ts';
import { findFirstOrganization } from '../src/db/queries/organizations.ts';
import { bareChromium } from './suite/bare.ts';
import { load, type Page } from './suite/cdp-client.ts';
import { usePage } from './suite/contender.ts';
import { insertEnded } from './suite/history.ts';
import { openService, POOL_OFF, type BenchService } from './suite/service.ts';
import { median, p95 } from './suite/statistics.ts';

const KEY = 'a key of this measurement alone';
const RUNTIMES = 1000;
const SCROLL_MS = 3000;
const GOALS = { firstRowMs: 300, picturesPerSecond: 50, emptyPictures: 0, cpuMsPerPicture: 8 };

/** Runs before the page's own script: when a row is drawn, and when all runtimes are loaded. */
const WATCH = `(() => {
  const look = () => {
    const row = document.querySelector('[data-row="0"]');
    const table = document.querySelector('[role=table]');
    if (row) globalThis.firstRowMs ??= performance.now();
    if (table?.ariaRowCount === '${RUNTIMES + 1}') globalThis.allMs = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()`;

const WAIT = `new Promise((resolve) => {
  const look = () => (globalThis.allMs ? resolve([firstRowMs, allMs]) : setTimeout(look, 20));
  look();
})`;

/** Scrolls down by a row and more with each picture: how many there were, and how many had no row. */
const SCROLL = `new Promise((resolve) => {
  const table = document.querySelector('[role=table]');
  const { left, width, top, height } = table.getBoundingClientRect();
  const began = performance.now();
  let [pictures, empty] = [0, 0];
  const draw = () => {
    pictures += 1;
    const middle = document.elementFromPoint(left + width / 2, top + height / 2);
    if (!middle?.closest('[role=row]')) empty += 1;
    const tookMs = performance.now() - began;
    if (tookMs > ${SCROLL_MS}) return resolve([(pictures * 1000) / tookMs, empty, pictures]);
    table.scrollTop += 80;
    requestAnimationFrame(draw);
  };
  requestAnimationFrame(draw);
})`;

const rounds = Number(process.argv[2] ?? 10);
await using service = await openService({ ...POOL_OFF, BCTRL_API_KEY: KEY });
await fill(service);
const browser = await (await bareChromium()).open();
const firstRows: number[] = [];
const all: number[] = [];
const scrolls: { perSecond: number; empty: number; cpuMs: number }[] = [];
const loads: number[] = [];
try {
  using page = await usePage(browser);
  await signIn(page, service);
  // Time of the processor, whatever else the machine does.
  await page.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.send('Page.addScriptToEvaluateOnNewDocument', { source: WATCH });
  for (let round = 0; round <= rounds; round++) {
    const before = await cpuMs(page);
    await load(page, `${service.url}/console/runtimes`);
    const [firstRowMs = NaN, allMs = NaN] = await evaluate(page, WAIT);
    // The first round has the page bundled.
    if (round === 0) continue;
    firstRows.push(firstRowMs);
    all.push(allMs);
    const loaded = await cpuMs(page);
    loads.push(loaded - before);
    const [perSecond = NaN, empty = NaN, pictures = NaN] = await evaluate(page, SCROLL);
    scrolls.push({ perSecond, empty, cpuMs: ((await cpuMs(page)) - loaded) / pictures });
  }
} finally {
  await browser.end();
}
const measured = {
  firstRowMs: median(firstRows),
  picturesPerSecond: median(scrolls.map(({ perSecond }) => perSecond)),
  emptyPictures: Math.max(...scrolls.map(({ empty }) => empty)),
  cpuMsPerPicture: median(scrolls.map((one) => one.cpuMs)),
};
console.table({ measured, goals: GOALS });
console.table({
  firstRowP95Ms: p95(firstRows),
  allLoadedMs: median(all),
  loadCpuMs: median(loads),
});
const isMet =
  measured.firstRowMs <= GOALS.firstRowMs &&
  measured.picturesPerSecond >= GOALS.picturesPerSecond &&
  measured.emptyPictures <= GOALS.emptyPictures &&
  measured.cpuMsPerPicture <= GOALS.cpuMsPerPicture;
if (!isMet) process.exitCode = 1;

/** Writes the records of so many runtimes that are over. */
async function fill({ directory, call }: BenchService): Promise<void> {
  await using database = await openDatabase(embeddedAddress(join(directory, 'data')));
  const owner = await findFirstOrganization(database.db);
  const { json } = await call('GET', '/v1/workspaces/default');
  const of = { organizationId: owner?.id ?? '', workspaceId: String(json.id) };
  await insertEnded(database, of, { runtimes: RUNTIMES, eventsEach: 1 });
}

async function signIn(page: Page, { url }: BenchService): Promise<void> {
  await load(page, `${url}/console`);
  const options = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key: KEY }),
  };
  const sent = `fetch('/console/session', ${JSON.stringify(options)}).then((r) => [r.status])`;
  const [status] = await evaluate(page, sent);
  if (status !== 200) throw new Error(`the sign-in was answered with ${status}`);
}

async function evaluate(page: Page, expression: string): Promise<number[]> {
  const params = { expression, awaitPromise: true, returnByValue: true };
  const { result, exceptionDetails } = await page.send('Runtime.evaluate', params);
  if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
  return (result as { value: number[] }).value;
}

/** What the main thread of the page has spent so far. */
async function cpuMs(page: Page): Promise<number> {
  const { metrics } = await page.send('Performance.getMetrics');
  const figures = metrics as { name: string; value: number }[];
  return (figures.find(({ name }) => name === 'TaskDuration')?.value ?? NaN) * 1000;
}
