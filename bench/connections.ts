/**
 * Measures what the way through the service costs a client of CDP, against the browser's own
 * debugging port in the same run. Exits with 1 when a goal is not met.
 *
 *     node bench/connections.ts [--seconds=60]
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { budgetOf } from './suite/budget.ts';
import { openClient, openPage, type Page } from './suite/cdp-client.ts';
import { measureWays, openDirect, show } from './suite/measures/bridge.ts';
import { residentMb } from './suite/process-tree.ts';
import { printRows } from './suite/report.ts';
import {
  isMissed,
  medianAtLeast,
  moreAtMost,
  noneOf,
  rowOf,
  valueAtMost,
  type Row,
} from './suite/rows.ts';
import { openService, type Runtime } from './suite/service.ts';
import { interleave } from './suite/statistics.ts';

const WAYS_SECONDS = 60;
const ATTACHES = 100;
const MANY = { runtimes: 10, clientsEach: 5, everyMs: 100, settleMs: 5000, graceMs: 10_000 };
const SLOW = { readMs: 5000, pausedMs: 20_000, ackEveryMs: 16, resumedMs: 3000 };
const GROWTH = 0.1;

const ANIMATED_PAGE = `<style>
  @keyframes turn { to { transform: rotate(1turn) } }
  div { position: fixed; inset: -50%; animation: turn 3s linear infinite;
    background: repeating-conic-gradient(#e33 0 3deg, #36c 0 6deg, #fff 0 9deg) }</style><div>`;

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
const rows: Row[] = [];
await withRuntimes(1, async ([runtime]) => {
  if (!runtime) throw new Error('there is no runtime');
  await using free = await openService({ BCTRL_JAIL: 'off' });
  const direct = await openDirect(free);
  const budget = budgetOf(Infinity, WAYS_SECONDS);
  rows.push(...(await measureWays({ bridge: runtime, direct }, budget)));
  rows.push(await measureAttach(runtime.cdpUrl, direct.cdpUrl));
});
await withRuntimes(MANY.runtimes, async (runtimes, pid) => {
  rows.push(...(await measureMany(runtimes, pid, Number(options.seconds))));
});
await withRuntimes(1, async ([runtime], pid) => {
  if (runtime) rows.push(...(await measureSlowReader(runtime, pid)));
});
printRows(rows, { markdown: false });
if (rows.some(isMissed)) process.exitCode = 1;

/** From opening to the first answer. */
async function measureAttach(bridgeUrl: string, directUrl: string): Promise<Row> {
  const bridge = { url: bridgeUrl, samples: [] as number[] };
  const direct = { url: directUrl, samples: [] as number[] };
  await interleave(
    { rounds: ATTACHES, until: Infinity },
    [bridge, direct],
    async ({ url, samples }) => {
      const began = performance.now();
      using client = await openClient(url);
      await client.send('Browser.getVersion');
      samples.push(performance.now() - began);
    },
  );
  const asDirect = { name: 'direct', samples: direct.samples };
  return rowOf('attach through the bridge', 'ms', bridge.samples, moreAtMost(10, asDirect));
}

async function measureMany(runtimes: Runtime[], pid: number, seconds: number): Promise<Row[]> {
  using owned = new DisposableStack();
  const pages: Page[] = [];
  for (const { cdpUrl, pageId } of runtimes) {
    for (let n = 0; n < MANY.clientsEach; n++) {
      pages.push(owned.use(await openPage(cdpUrl, pageId)));
    }
  }
  const until = performance.now() + seconds * 1000;
  const working = Promise.all(pages.map((page) => evaluateUntil(until, page)));
  await sleep(MANY.settleMs);
  const beforeMb = residentMb(pid);
  await sleep(until - performance.now());
  const afterMb = residentMb(pid);
  // Closes the clients of answers that never come, which makes them errors.
  const given = sleep(MANY.graceMs, undefined, { ref: false }).then(() => owned.dispose());
  await Promise.race([working, given]);
  const done = await working;
  const answers = done.reduce((sum, { answered }) => sum + answered, 0);
  const errors = done.reduce((sum, { failed }) => sum + failed, 0);
  const change = Math.abs(afterMb / beforeMb - 1);
  return [
    rowOf(`answers to ${pages.length} clients`, '', [answers], noneOf(errors, 'errors')),
    rowOf('service with them (RSS)', 'MB', [beforeMb, afterMb], isSteady(change)),
  ];
}

async function evaluateUntil(until: number, page: Page) {
  let answered = 0;
  let failed = 0;
  while (performance.now() < until && page.client.socket.readyState === WebSocket.OPEN) {
    const next = performance.now() + MANY.everyMs;
    try {
      await page.evaluate();
      answered++;
    } catch (error) {
      if (failed++ === 0) console.error(error);
    }
    await sleep(Math.max(0, next - performance.now()));
  }
  return { answered, failed };
}

/** A client that asks for pictures and does not read them. */
async function measureSlowReader({ cdpUrl, pageId }: Runtime, pid: number): Promise<Row[]> {
  using page = await openPage(cdpUrl, pageId);
  await show(page, ANIMATED_PAGE);
  const { events, socket } = page.client;
  let frames = 0;
  events.on('Page.screencastFrame', () => frames++);
  await page.send('Page.startScreencast', { format: 'jpeg', quality: 100 });
  const [{ sessionId }] = await once(events, 'Page.screencastFrame');
  // Sent unseen: without them the browser stops after a few pictures, and nothing piles up.
  const acks = setInterval(() => {
    void page.send('Page.screencastFrameAck', { sessionId }).catch(() => undefined);
  }, SLOW.ackEveryMs);
  await sleep(SLOW.readMs);
  const beforeMb = residentMb(pid);
  const read = frames;
  socket.pause();
  const highestMb = await highestResidentMb(pid, SLOW.pausedMs);
  const readInPause = frames - read;
  socket.resume();
  await sleep(SLOW.resumedMs);
  clearInterval(acks);
  await page.evaluate();
  const readAfter = frames - read - readInPause;
  return [
    rowOf(
      'service, a client does not read',
      'MB',
      [beforeMb, highestMb],
      isSteady(highestMb / beforeMb - 1),
    ),
    rowOf('pictures once it reads again', '', [readAfter], medianAtLeast(1)),
  ];
}

function isSteady(change: number) {
  return valueAtMost(change, GROWTH, 'changed by', '');
}

async function highestResidentMb(pid: number, forMs: number): Promise<number> {
  const until = performance.now() + forMs;
  let highest = 0;
  while (performance.now() < until) {
    await sleep(500);
    highest = Math.max(highest, residentMb(pid));
  }
  return highest;
}

/** Each has a service of its own: what one leaves in memory would hide what the next one needs. */
async function withRuntimes(
  count: number,
  work: (runtimes: Runtime[], pid: number) => Promise<void>,
): Promise<void> {
  await using service = await openService({ LOG_LEVEL: 'warn' });
  const runtimes: Runtime[] = [];
  for (let n = 0; n < count; n++) runtimes.push(await service.create());
  await work(runtimes, service.pid);
}
