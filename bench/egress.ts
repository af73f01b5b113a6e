/**
 * What the forwarder in front of every browser costs: a page of 100 small resources and a download
 * of 200 MB through it against a Chromium without one, in the same run; the service's CPU per GB; and
 * how much 20 browsers that download at once delay a create.
 *
 *     node bench/egress.ts [rounds]        (default 15)
 */
import { once } from 'node:events';
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { pino } from 'pino';
import { ensureChromium } from '../src/runtime-manager/index.ts';
import { caller } from '../test/support/http.ts';
import { startService } from '../test/support/service-process.ts';

const RUNTIMES = '/v1/workspaces/default/runtimes';
const RESOURCES = 100;
const DOWNLOAD_BYTES = 200 * 1024 ** 2;
const DOWNLOADERS = 20;
/** As fast as a good line to each of them. */
const SLOW_BYTES_PER_S = 1024 ** 2;
const CHUNK = Buffer.alloc(64 * 1024, 'x');
const CLOCK_TICKS_PER_S = 100;
const GIB = 1024 ** 3;

const rounds = Number(process.argv[2] ?? 15);
const directory = await mkdtemp(join(tmpdir(), 'bc-'));
const service = await startService({
  PORT: '0',
  BCTRL_DATA_DIR: join(directory, 'data'),
  BCTRL_MAX_RUNTIMES: '40',
  LOG_LEVEL: 'warn',
});
const call = caller(service.url, service.apiKey);
const site = createServer((request, response) => {
  response.setHeader('cache-control', 'no-store');
  if (request.url === '/page') response.end(pageOfMany());
  else if (request.url === '/download') void send(response, DOWNLOAD_BYTES, 0);
  else if (request.url === '/slow') void send(response, Infinity, SLOW_BYTES_PER_S);
  else response.end('y'.repeat(500));
}).listen(0, '127.0.0.1');
await once(site, 'listening');
const address = site.address();
const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
const executablePath = await ensureChromium(undefined, process.env['PATH'] ?? '', pino()); // oxlint-disable-line node/no-process-env
const launchBare = () =>
  puppeteer.launch({ executablePath, args: ['--no-sandbox', '--disable-quic'] });
const bare = await launchBare();

try {
  const created = await create('bench');
  const browser = await puppeteer.connect({ browserWSEndpoint: created, defaultViewport: null });
  const [through] = await browser.pages();
  const [direct] = await bare.pages();
  if (!through || !direct) throw new Error('there is no page');
  const pages = await compare(through, direct, loadPage);
  report('page of 100 resources', pages);
  const cpuBefore = await cpuSeconds();
  const downloads = await compare(through, direct, download);
  const gib = (downloads.through.length * DOWNLOAD_BYTES) / GIB;
  report('download of 200 MB', downloads);
  const perGib = ((await cpuSeconds()) - cpuBefore) / gib;
  console.log(`service CPU: ${perGib.toFixed(2)} s per GiB`);
  await browser.disconnect();
  await measureCreates();
} finally {
  await bare.close();
  await service.stop('SIGTERM');
  site.close();
  site.closeAllConnections();
  await rm(directory, { recursive: true, force: true });
}

async function create(alias: string): Promise<string> {
  const created = await call('POST', RUNTIMES, { alias, kind: 'browser' });
  if (created.status !== 200) throw new Error(created.text);
  return created.json.connection.cdpUrl;
}

interface Samples {
  through: number[];
  direct: number[];
}

/** In turn, after one of each that does not count. */
async function compare(
  through: Page,
  direct: Page,
  measure: (page: Page) => Promise<number>,
): Promise<Samples> {
  const samples: Samples = { through: [], direct: [] };
  for (let round = 0; round <= rounds; round++) {
    const [one, other] = [await measure(through), await measure(direct)];
    if (round === 0) continue;
    samples.through.push(one);
    samples.direct.push(other);
  }
  return samples;
}

function report(what: string, { through, direct }: Samples): void {
  const speed = median(direct) / median(through);
  console.log(
    `${what}: ${median(through).toFixed(0)} ms through the forwarder, ${median(direct).toFixed(0)} ms without: ` +
      `${speed.toFixed(2)} x the speed (goal 0.85), ${through.length} samples`,
  );
  if (speed < 0.85) process.exitCode = 1;
}

async function loadPage(page: Page): Promise<number> {
  await page.goto(`${url}/page`, { waitUntil: 'load' });
  return Number(
    await page.evaluate(`performance.getEntriesByType('navigation')[0].loadEventStart`),
  );
}

async function download(page: Page): Promise<number> {
  return Number(
    await page.evaluate(`(async () => {
      const began = performance.now();
      const { body } = await fetch('${url}/download');
      for await (const chunk of body);
      return performance.now() - began;
    })()`),
  );
}

/** What the same number of browsers without forwarders costs a create is not the forwarders' doing. */
async function measureCreates(): Promise<void> {
  const quiet = await createTimes('quiet');
  const browsers = await Promise.all(Array.from({ length: DOWNLOADERS }, launchBare));
  for (const browser of browsers) await downloadSlowly(browser);
  const beside = await createTimes('beside');
  await Promise.all(browsers.map((browser) => browser.close()));
  for (let i = 0; i < DOWNLOADERS; i++) {
    const browserWSEndpoint = await create(`busy-${i}`);
    await downloadSlowly(await puppeteer.connect({ browserWSEndpoint, defaultViewport: null }));
  }
  const through = await createTimes('through');
  const delay = median(through) - median(beside);
  const rate = SLOW_BYTES_PER_S / 1024 ** 2;
  console.log(
    `create: ${median(quiet).toFixed(0)} ms alone; beside ${DOWNLOADERS} downloads of ${rate} MB/s ` +
      `${median(beside).toFixed(0)} ms without forwarders, ${median(through).toFixed(0)} ms through them: ` +
      `${delay.toFixed(0)} ms later (goal 100)`,
  );
  if (delay > 100) process.exitCode = 1;
}

async function downloadSlowly(browser: Browser): Promise<void> {
  const [page] = await browser.pages();
  await page?.goto(`${url}/`);
  await page?.evaluate(
    `void fetch('/slow').then(async ({ body }) => { for await (const c of body); })`,
  );
}

async function createTimes(alias: string): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    await create(alias);
    times.push(performance.now() - began);
    await call('POST', `${RUNTIMES}/${alias}/stop`);
  }
  return times;
}

function pageOfMany(): string {
  const images = Array.from({ length: RESOURCES }, (_, i) => `<script src="/r${i}"></script>`);
  return `<title>many</title>${images.join('')}`;
}

async function send(response: ServerResponse, bytes: number, perSecond: number): Promise<void> {
  for (let sent = 0; sent < bytes && !response.destroyed; sent += CHUNK.length) {
    if (!response.write(CHUNK)) await new Promise((go) => response.once('drain', go));
    if (perSecond > 0) await new Promise((r) => setTimeout(r, (CHUNK.length / perSecond) * 1000));
  }
  response.end();
}

async function cpuSeconds(): Promise<number> {
  const fields =
    (await readFile(`/proc/${service.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_S;
}

function median(times: number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? NaN;
}
