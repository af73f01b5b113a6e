/**
 * Large downloads through the service against bare Chromium, in turn: until the client hears of the
 * end, and until the file is stored; how much more memory the service takes meanwhile; and whether
 * many runtimes that download at once lose anything. Exits with 1 when a goal is missed.
 *
 *     node bench/downloads.ts [--mb=1024] [--rounds=3] [--runtimes=50]
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { bareChromium } from './suite/bare.ts';
import { openPage, type Page } from './suite/cdp-client.ts';
import { usePage } from './suite/contender.ts';
import { residentMb } from './suite/process-tree.ts';
import { openService, RUNTIMES, type Runtime } from './suite/service.ts';
import { median, timed } from './suite/statistics.ts';

const MIB = 1024 ** 2;
const GOALS = { rate: 0.8, memoryMb: 20 };
const SAMPLE_MS = 20;

const { values } = parseArgs({
  options: {
    mb: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '3' },
    runtimes: { type: 'string', default: '50' },
  },
});
const [megabytes, rounds, many] = [values.mb, values.rounds, values.runtimes].map(Number);
if (!megabytes || !rounds || !many) throw new Error('numbers above 0');

const site = spawn(process.execPath, [join(import.meta.dirname, 'downloads-site.ts')]);
const [said]: unknown[] = await once(site.stdout, 'data');
const url = String(said).trim();
await using service = await openService();
const bare = await bareChromium();
const rates = { bare: [] as number[], service: [] as number[] };
const storedMs: number[] = [];
const grewMb: number[] = [];
for (let round = 0; round < rounds; round++) {
  rates.bare.push(await bareRate());
  await serviceRate();
}
const ratio = median(rates.service) / median(rates.bare);
console.table({
  'bare MB/s': median(rates.bare),
  'service MB/s': median(rates.service),
  ratio,
  'stored after, ms': median(storedMs),
  'memory grew, MB': Math.max(...grewMb),
});
const lost = await loseNothing(many);
console.log(`${many} runtimes downloaded 10 MB each at once: ${lost} lost`);
site.kill();
if (ratio < GOALS.rate || Math.max(...grewMb) > GOALS.memoryMb || lost > 0) process.exitCode = 1;

async function bareRate(): Promise<number> {
  const browser = await bare.open();
  const downloadPath = join(browser.directory, 'downloads');
  using page = await usePage(browser);
  const behavior = { behavior: 'allow', downloadPath, eventsEnabled: true };
  await page.client.send('Browser.setDownloadBehavior', behavior);
  const ms = await timed(() => download(page, megabytes ?? 0));
  await browser.end();
  await rm(downloadPath, { recursive: true, force: true });
  return ((megabytes ?? 0) * 1000) / ms;
}

async function serviceRate(): Promise<void> {
  const runtime = await service.create();
  using page = await usePage(runtime);
  const behavior = { behavior: 'allow', downloadPath: '/any', eventsEnabled: true };
  await page.client.send('Browser.setDownloadBehavior', behavior);
  const before = residentMb(service.pid);
  let most = before;
  const sampling = setInterval(() => {
    most = Math.max(most, residentMb(service.pid));
  }, SAMPLE_MS);
  const ms = await timed(() => download(page, megabytes ?? 0));
  rates.service.push(((megabytes ?? 0) * 1000) / ms);
  storedMs.push(await timed(() => untilStored(runtime)));
  clearInterval(sampling);
  grewMb.push(most - before);
  await runtime.end();
}

/** Resolves when the client hears that the download is complete. */
async function download(page: Page, mb: number): Promise<void> {
  const ended = Promise.withResolvers<void>();
  page.client.events.on('Browser.downloadProgress', ({ state }: { state: string }) => {
    if (state === 'completed') ended.resolve();
    if (state === 'canceled') ended.reject(new Error('the download was canceled'));
  });
  // A navigation that becomes a download ends without a page.
  await page.send('Page.navigate', { url: `${url}${mb}` }).catch(() => undefined);
  await ended.promise;
}

async function untilStored({ alias }: Pick<Runtime, 'alias'>): Promise<string> {
  for (;;) {
    const { json } = await service.call('GET', `${RUNTIMES}/${alias}/files`);
    const [file] = json.files;
    if (file?.state === 'stored') return file.sha256;
    if (file?.state === 'failed') throw new Error(file.failure.code);
    await sleep(SAMPLE_MS);
  }
}

/** How many of so many files did not arrive, or arrived otherwise than they are. */
async function loseNothing(count: number): Promise<number> {
  const expected = createHash('sha256')
    .update(Buffer.alloc(10 * MIB, 'z'))
    .digest('hex');
  const runtimes: Runtime[] = [];
  for (let nth = 0; nth < count; nth++) runtimes.push(await service.create());
  const hashes = await Promise.allSettled(
    runtimes.map(async (runtime) => {
      using page = await openPage(runtime.cdpUrl, runtime.pageId);
      await page.send('Page.navigate', { url: `${url}10` }).catch(() => undefined);
      return untilStored(runtime);
    }),
  );
  await Promise.all(runtimes.map(({ end }) => end()));
  return hashes.filter((one) => one.status === 'rejected' || one.value !== expected).length;
}
