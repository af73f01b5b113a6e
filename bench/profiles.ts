/**
 * Runtimes from a profile of 20 MB against those of an empty one and ephemeral ones, and how much
 * longer a stop takes that saves it, in the same run.
 *
 *     node bench/profiles.ts [rounds]        (default 15)
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { openSite } from './site.ts';
import { caller } from '../test/support/http.ts';
import { startService } from '../test/support/service-process.ts';

const RUNTIMES = '/v1/workspaces/default/runtimes';
const STATE_BYTES = 20 * 1024 ** 2;

const rounds = Number(process.argv[2] ?? 15);
const directory = await mkdtemp(join(tmpdir(), 'bc-'));
const service = await startService({
  PORT: '0',
  BCTRL_DATA_DIR: join(directory, 'data'),
  BCTRL_PROFILE_SAVE_INTERVAL: '0',
  LOG_LEVEL: 'info',
});
const call = caller(service.url, service.apiKey);
const site = await openSite();

try {
  const large = await createProfile('large');
  await fill(large);
  const samples: Record<string, number[]> = { ephemeral: [], empty: [], large: [] };
  const stops: Record<string, number[]> = { ephemeral: [], large: [] };
  for (let round = 0; round < rounds; round++) {
    const empty = await createProfile(`empty-${round}`);
    samples['ephemeral']?.push(await life({ mode: 'ephemeral' }, stops['ephemeral']));
    samples['empty']?.push(await life({ mode: 'profile', profileId: empty }, undefined));
    samples['large']?.push(await life({ mode: 'profile', profileId: large }, stops['large']));
  }
  const rows = Object.entries(samples).map(([name, times]) => [name, summary(times)]);
  console.table(Object.fromEntries(rows));
  const ratio = median(samples['large']) / median(samples['ephemeral']);
  console.log(`ready from 20 MB: ${ratio.toFixed(2)} x an ephemeral one (goal 1.25)`);
  const save = median(stops['large']) - median(stops['ephemeral']);
  console.log(`a stop with its save takes ${Math.round(save)} ms longer than one without`);
  const { json } = await call('GET', `/v1/browser-profiles/${large}/versions`);
  console.log(`a version has ${(json.versions[0].sizeBytes / 1024 ** 2).toFixed(1)} MB`);
  if (ratio > 1.25) process.exitCode = 1;
} finally {
  await service.stop('SIGTERM');
  site[Symbol.dispose]();
  await rm(directory, { recursive: true, force: true });
}

async function createProfile(name: string): Promise<string> {
  return (await call('POST', '/v1/browser-profiles', { name })).json.id;
}

/** Resolves with the milliseconds of the create. */
async function life(launch: object, stops: number[] | undefined): Promise<number> {
  const began = performance.now();
  const created = await call('POST', RUNTIMES, { alias: 'bench', kind: 'browser', launch });
  const createMs = performance.now() - began;
  if (created.status !== 200) throw new Error(created.text);
  const ending = performance.now();
  const stopped = await call('POST', `${RUNTIMES}/bench/stop`);
  if (stopped.json.status !== 'stopped') throw new Error(stopped.text);
  stops?.push(performance.now() - ending);
  return createMs;
}

/** State that does not compress, in databases and caches, as sites keep it. */
async function fill(profileId: string): Promise<void> {
  const launch = { mode: 'profile', profileId };
  const created = await call('POST', RUNTIMES, { alias: 'fill', kind: 'browser', launch });
  const browserWSEndpoint = created.json.connection.cdpUrl;
  const browser = await puppeteer.connect({ browserWSEndpoint, defaultViewport: null });
  const [page] = await browser.pages();
  await page?.goto(site.url);
  await page?.evaluate(`(async (bytes) => {
    const database = await new Promise((resolve) => {
      const request = indexedDB.open('db', 1);
      request.onupgradeneeded = () => request.result.createObjectStore('things');
      request.onsuccess = () => resolve(request.result);
    });
    const cache = await caches.open('cache');
    for (let at = 0; at < bytes; at += 65536 * 2) {
      const content = crypto.getRandomValues(new Uint8Array(65536));
      await cache.put('/' + at, new Response(content));
      await new Promise((resolve) => {
        const things = database.transaction('things', 'readwrite').objectStore('things');
        things.put(content, at).onsuccess = resolve;
      });
    }
  })(${STATE_BYTES})`);
  await browser.disconnect();
  await call('POST', `${RUNTIMES}/fill/stop`);
}

function summary(times: number[]) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
  return { n: times.length, medianMs: at(0.5), p95Ms: at(0.95) };
}

function median(times: number[] = []): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
}
