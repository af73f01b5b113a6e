import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Budget } from '../budget.ts';
import { closedLoop } from '../closed-loop.ts';
import { openPage } from '../cdp-client.ts';
import { usePage } from '../contender.ts';
import { memoryOf } from '../process-tree.ts';
import { moreAtMost, rowOf, timesAtLeast, timesAtMost, type Row } from '../rows.ts';
import { openService, POOL_OFF, type BenchService } from '../service.ts';
import { settle } from '../settle.ts';
import { interleave, timed } from '../statistics.ts';

const JAIL_OFF = { BCTRL_JAIL: 'off' };
const RUNTIMES = 6;
const EVALUATE = { batches: 20, each: 100, leadIn: 5 };
const DOWNLOAD_BYTES = 200 * 1024 ** 2;
const DOWNLOADS = 7;
const CHUNK = Buffer.alloc(256 * 1024, 'x');
const RATE = { samples: 4, cycles: 16, seconds: 4, atOnce: 4, leadIn: 8 };

interface Side {
  service: BenchService;
  samples: number[];
}

/** The same service with its browsers in jails and without, in turn. */
export async function measureJail(budget: Budget): Promise<Row[]> {
  return [
    ...(await measureLaunches(budget)),
    ...(await measurePooled(budget)),
    ...(await measureUse(budget)),
  ];
}

/** Without a pool: every create is a launch. */
async function measureLaunches(budget: Budget): Promise<Row[]> {
  await using jailed = await openService(POOL_OFF, 'in jails');
  await using free = await openService({ ...POOL_OFF, ...JAIL_OFF }, 'without');
  const [ours, theirs] = await inTurn([jailed, free], budget, usable);
  const memory = await Promise.all([jailed, free].map(privateMemory));
  const [inJail = [], outside = []] = memory;
  return [
    rowOf('without jails: launch → evaluated', 'ms', theirs),
    rowOf('in jails: launch → evaluated', 'ms', ours, moreAtMost(60, without(theirs))),
    rowOf('without jails: private memory of a runtime', 'MB', outside),
    rowOf('in jails: private memory', 'MB', inJail, moreAtMost(4, without(outside))),
  ];
}

async function measurePooled(budget: Budget): Promise<Row[]> {
  await using jailed = await openService({}, 'in jails');
  await using free = await openService(JAIL_OFF, 'without');
  const [ours, theirs] = await inTurn([jailed, free], budget, usable);
  const rates = { ...budget, rounds: RATE.samples };
  const [rate, freeRate] = await inTurn([jailed, free], rates, perSecond);
  return [
    rowOf('without jails: create → evaluated', 'ms', theirs),
    rowOf('in jails: create → evaluated', 'ms', ours, timesAtMost(1.05, without(theirs))),
    rowOf('without jails: cycles', '/s', freeRate),
    rowOf('in jails: cycles', '/s', rate, timesAtLeast(0.95, without(freeRate))),
  ];
}

/** What a client and a page notice. */
async function measureUse({ until }: Budget): Promise<Row[]> {
  await using jailed = await openService({}, 'in jails');
  await using free = await openService(JAIL_OFF, 'without');
  await using site = await openDownload();
  using own = await openRuntime(jailed);
  using other = await openRuntime(free);
  const evaluations = { ours: [] as number[], theirs: [] as number[] };
  const downloads = { ours: [] as number[], theirs: [] as number[] };
  const ways = [
    { page: own, evaluated: evaluations.ours, downloaded: downloads.ours },
    { page: other, evaluated: evaluations.theirs, downloaded: downloads.theirs },
  ];
  for (const { page } of ways) {
    for (let n = 0; n < EVALUATE.leadIn * EVALUATE.each; n++) await page.evaluate();
    await download(page, site.url);
  }
  await interleave({ rounds: EVALUATE.batches, until }, ways, async ({ page, evaluated }) => {
    for (let n = 0; n < EVALUATE.each; n++) evaluated.push(await timed(page.evaluate));
  });
  await interleave({ rounds: DOWNLOADS, until }, ways, async ({ page, downloaded }) => {
    downloaded.push(await download(page, site.url));
  });
  return [
    rowOf('without jails: Runtime.evaluate', 'ms', evaluations.theirs),
    rowOf(
      'in jails: Runtime.evaluate',
      'ms',
      evaluations.ours,
      moreAtMost(0.1, without(evaluations.theirs)),
    ),
    rowOf('without jails: download, MB per second', '', downloads.theirs),
    rowOf(
      'in jails: download, MB per second',
      '',
      downloads.ours,
      timesAtLeast(0.85, without(downloads.theirs)),
    ),
  ];
}

async function inTurn(
  services: [BenchService, BenchService],
  budget: Budget,
  measure: (service: BenchService) => Promise<number>,
): Promise<[number[], number[]]> {
  const [one, other] = services;
  const sides: [Side, Side] = [
    { service: one, samples: [] },
    { service: other, samples: [] },
  ];
  // The first of each reads files and compiles code.
  for (const { service } of sides) await measure(service);
  await interleave(budget, sides, async ({ service, samples }) => {
    await settle(...services);
    samples.push(await measure(service));
  });
  return [sides[0].samples, sides[1].samples];
}

async function usable(service: BenchService): Promise<number> {
  const began = performance.now();
  const opened = await service.open();
  try {
    using _ = await usePage(opened);
    return performance.now() - began;
  } finally {
    await opened.end();
  }
}

async function perSecond(service: BenchService): Promise<number> {
  const { cycles, seconds, atOnce, leadIn } = RATE;
  await closedLoop(service, { cycles: leadIn, seconds, atOnce });
  return (await closedLoop(service, { cycles, seconds, atOnce })).perSecond;
}

/** Of one runtime, measured over several: all processes below the service that are its browsers'. */
async function privateMemory(service: BenchService): Promise<number[]> {
  const before = (await memoryOf(service.browserDirectory)).private;
  await using held = new AsyncDisposableStack();
  for (let n = 0; n < RUNTIMES; n++) {
    const runtime = await service.create();
    held.defer(() => runtime.end());
    held.use(await usePage(runtime));
  }
  await settle(service);
  const { private: all } = await memoryOf(service.browserDirectory);
  return [(all - before) / RUNTIMES];
}

async function openRuntime(service: BenchService) {
  const { cdpUrl, pageId } = await service.create();
  return openPage(cdpUrl, pageId);
}

/** In MB per second. */
async function download(page: Awaited<ReturnType<typeof openPage>>, url: string): Promise<number> {
  const expression = `(async () => {
    const began = performance.now();
    const { body } = await fetch('${url}');
    let bytes = 0;
    for await (const chunk of body) bytes += chunk.length;
    return bytes / 1048.576 / (performance.now() - began);
  })()`;
  const params = { expression, awaitPromise: true, returnByValue: true };
  const { result } = await page.send('Runtime.evaluate', params);
  const { value } = result as { value: unknown };
  if (typeof value !== 'number') throw new Error('the download failed');
  return value;
}

async function openDownload(): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'access-control-allow-origin': '*', 'cache-control': 'no-store' });
    const send = (left: number): void => {
      for (let bytes = left; bytes > 0; bytes -= CHUNK.length) {
        if (response.write(CHUNK)) continue;
        response.once('drain', () => send(bytes - CHUNK.length));
        return;
      }
      response.end();
    };
    send(DOWNLOAD_BYTES);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function without(samples: number[]) {
  return { name: 'without', samples };
}
