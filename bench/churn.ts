/**
 * Creates and stops many runtimes, one after the other, and shows what is left of them: processes,
 * files, and memory of the service. Exits with 1 when any of it is more than a tenth off.
 *
 *     node bench/churn.ts [rounds]        (default 200)
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startService } from '../test/support/service-process.ts';
import { caller } from '../test/support/http.ts';
import { processesOf } from '../test/support/processes.ts';

const WARM_UP = 20;
const TOLERANCE = 0.1;

const rounds = Number(process.argv[2] ?? 200);
const directory = await mkdtemp(join(tmpdir(), 'bc-'));
const service = await startService({
  PORT: '0',
  BCTRL_DATA_DIR: join(directory, 'data'),
  BCTRL_BROWSER_DIR: directory,
  LOG_LEVEL: 'warn',
});
try {
  const creates: number[] = [];
  const stops: number[] = [];
  await churn(WARM_UP, [], []);
  const before = await measure();
  await churn(rounds, creates, stops);
  const after = await measure();
  console.table({ before, after });
  console.table({ create: summary(creates), stop: summary(stops) });
  for (const [what, was] of Object.entries(before)) {
    const is = Object.entries(after).find(([name]) => name === what)?.[1] ?? 0;
    if (Math.abs(is - was) <= was * TOLERANCE) continue;
    console.error(`${what} went from ${was} to ${is}`);
    process.exitCode = 1;
  }
} finally {
  await service.stop('SIGTERM');
  await rm(directory, { recursive: true, force: true });
}

async function churn(times: number, creates: number[], stops: number[]): Promise<void> {
  const call = caller(service.url, service.apiKey);
  const path = '/v1/workspaces/default/runtimes';
  for (let round = 0; round < times; round++) {
    const alias = `churn-${round}`;
    const [created, createMs] = await timed(() => call('POST', path, { alias, kind: 'browser' }));
    const [stopped, stopMs] = await timed(() => call('POST', `${path}/${alias}/stop`));
    if (created.status !== 200 || stopped.status !== 200) {
      throw new Error(`round ${round}: ${created.text} ${stopped.text}`);
    }
    creates.push(createMs);
    stops.push(stopMs);
  }
}

async function measure() {
  const status = await readFile(`/proc/${service.pid}/status`, 'utf8');
  const residentKb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
  const files = await readdir(directory, { recursive: true });
  return {
    // Postgres keeps its files and processes below the data directory, and they are its own affair.
    processes: (await processesOf(`BCTRL_BROWSER_DIR=${directory}`)).length,
    browsers: (await processesOf(join(directory, 'bctrl-'))).length,
    files: files.filter((file) => !file.startsWith('data/')).length,
    residentMb: Math.round(residentKb / 1024),
  };
}

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const started = performance.now();
  return [await work(), performance.now() - started];
}

function summary(samples: number[]) {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
  return { n: samples.length, medianMs: at(0.5), p95Ms: at(0.95) };
}
