import { setTimeout as sleep } from 'node:timers/promises';
import { bareChromium, tunedChromium } from '../bare.ts';
import { hold } from '../contender.ts';
import { findBrowserOf } from '../debugging-port.ts';
import { memoryOf, residentMb, type Memory } from '../process-tree.ts';
import { medianAtMost, rowOf, times, timesAtMost, valueAtMost, type Row } from '../rows.ts';
import { openService } from '../service.ts';
import { settle } from '../settle.ts';

const RUNTIMES = 10;
const SETTLE_MS = 3000;

/** What idle browsers and the service take, each with a client attached and a page used. */
export async function measureMemory(): Promise<Row[]> {
  const bare = await idleBrowsers(await bareChromium());
  const keep = await idleBrowsers(await tunedChromium());
  const { browsers, resident } = await measureService();
  const asBare = { name: 'bare', samples: privateOf(bare) };
  const sharedAsBare = { name: 'bare', samples: sharedOf(bare) };
  const { atRest, withOne, withAll } = resident;
  return [
    rowOf(`bare Chromium: private memory, ${RUNTIMES} open`, 'MB', asBare.samples),
    rowOf('bare-keep: private memory', 'MB', privateOf(keep), times(asBare)),
    rowOf(
      'idle runtime: private memory',
      'MB',
      privateOf(browsers),
      medianAtMost(80),
      timesAtMost(0.62, asBare),
    ),
    rowOf('bare Chromium: proportional (PSS)', 'MB', sharedAsBare.samples),
    rowOf('bare-keep: proportional (PSS)', 'MB', sharedOf(keep), times(sharedAsBare)),
    rowOf('idle runtime: proportional (PSS)', 'MB', sharedOf(browsers), times(sharedAsBare)),
    rowOf('service at rest (RSS)', 'MB', [atRest], medianAtMost(160)),
    rowOf(
      'service: each active runtime (RSS)',
      'MB',
      [withOne - atRest, (withAll - atRest) / RUNTIMES],
      valueAtMost(withOne - atRest, 3, 'at 1', 'MB'),
      valueAtMost((withAll - atRest) / RUNTIMES, 3, `at ${RUNTIMES}`, 'MB'),
    ),
  ];
}

async function idleBrowsers(contender: Awaited<ReturnType<typeof bareChromium>>) {
  await using held = new AsyncDisposableStack();
  const directories: string[] = [];
  for (let n = 0; n < RUNTIMES; n++) {
    const opened = await contender.open();
    await hold(held, opened);
    directories.push(opened.directory);
  }
  await sleep(SETTLE_MS);
  await settle();
  return Promise.all(directories.map(memoryOf));
}

async function measureService() {
  await using service = await openService();
  await sleep(SETTLE_MS);
  await settle(service);
  await using held = new AsyncDisposableStack();
  const atRest = residentMb(service.pid);
  const directories: string[] = [];
  let withOne = NaN;
  for (let n = 0; n < RUNTIMES; n++) {
    const runtime = await service.create();
    await hold(held, runtime);
    directories.push((await findBrowserOf(runtime.pageId)).directory);
    if (n > 0) continue;
    await settle(service);
    withOne = residentMb(service.pid);
  }
  await sleep(SETTLE_MS);
  await settle(service);
  const resident = { atRest, withOne, withAll: residentMb(service.pid) };
  return { browsers: await Promise.all(directories.map(memoryOf)), resident };
}

function privateOf(browsers: Memory[]): number[] {
  return browsers.map((memory) => memory.private);
}

function sharedOf(browsers: Memory[]): number[] {
  return browsers.map(({ proportional }) => proportional);
}
