/**
 * Creates, drives and ends many runtimes, several at a time, and shows how the service's memory
 * goes. Exits with 1 on any failure, or when the memory after the last hundred is more than a tenth
 * above that after the first hundred.
 *
 *     node bench/soak.ts [runtimes] [at once]        (default 1000, 8)
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { openSite } from './site.ts';
import { caller } from '../test/support/http.ts';
import { processesOf } from '../test/support/processes.ts';
import { startService } from '../test/support/service-process.ts';

const TOLERANCE = 0.1;
const SAMPLE_EVERY = 100;
const RUNTIMES = '/v1/workspaces/default/runtimes';

const [total = 1000, atOnce = 8] = process.argv.slice(2).map(Number);
const directory = await mkdtemp(join(tmpdir(), 'bc-'));
const service = await startService({
  PORT: '0',
  BCTRL_DATA_DIR: join(directory, 'data'),
  BCTRL_BROWSER_DIR: directory,
  LOG_LEVEL: 'warn',
});
const site = await openSite('soak');
const call = caller(service.url, service.apiKey);
const memory: { after: number; residentMb: number }[] = [];
const failures: string[] = [];
const times: number[] = [];
let begun = 0;
let done = 0;

try {
  const started = performance.now();
  await Promise.all(Array.from({ length: atOnce }, work));
  const seconds = (performance.now() - started) / 1000;
  console.table(memory);
  times.sort((a, b) => a - b);
  const at = (share: number) => Math.round(times[Math.floor(times.length * share)] ?? 0);
  console.log(
    `${done} runtimes, ${failures.length} failures, ${(done / seconds).toFixed(2)}/s, create to end ${at(0.5)} ms median, ${at(0.95)} ms p95`,
  );
  const left = await processesOf(join(directory, 'bctrl-'));
  console.log(`${left.length} processes left`);
  const [first, last] = [memory[0]?.residentMb ?? 0, memory.at(-1)?.residentMb ?? 0];
  const grown = last > first * (1 + TOLERANCE);
  if (failures.length > 0 || left.length > 0 || grown) process.exitCode = 1;
  for (const failure of failures.slice(0, 10)) console.error(failure);
  if (failures.length > 0) console.error(service.log);
} finally {
  await service.stop('SIGTERM');
  site[Symbol.dispose]();
  await rm(directory, { recursive: true, force: true });
}

async function work(): Promise<void> {
  while (begun < total) {
    const number = begun++;
    try {
      const began = performance.now();
      await drive(`soak-${number}`);
      times.push(performance.now() - began);
    } catch (error) {
      failures.push(`${number}: ${String(error)}`);
    }
    done++;
    if (done % SAMPLE_EVERY === 0) memory.push({ after: done, residentMb: await residentMb() });
  }
}

async function drive(alias: string): Promise<void> {
  const created = await call('POST', RUNTIMES, { alias, kind: 'browser' });
  if (created.status !== 200) throw new Error(created.text);
  const browser = await puppeteer.connect({
    browserWSEndpoint: created.json.connection.cdpUrl,
    defaultViewport: null,
  });
  const [tab] = await browser.pages();
  await tab?.goto(site.url);
  const title = await tab?.title();
  await browser.disconnect();
  if (title !== 'soak') throw new Error(`the title was ${title}`);
  const stopped = await call('POST', `${RUNTIMES}/${alias}/stop`);
  if (stopped.json.status !== 'stopped') throw new Error(stopped.text);
}

async function residentMb(): Promise<number> {
  const status = await readFile(`/proc/${service.pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
}
