/**
 * Measures what the way through the service costs a client of CDP, against the browser's own
 * debugging port in the same run. Exits with 1 when a goal is not met.
 *
 *     node bench/connections.ts [--seconds=60]
 */
import { EventEmitter, once } from 'node:events';
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { caller } from '../test/support/http.ts';
import { startService, type ServiceProcess } from '../test/support/service-process.ts';

const SIDES = ['bridge', 'direct'] as const;
const EVALUATE = { batches: 10, each: 100 };
const SCREENSHOTS = { batches: 5, each: 10 };
const ATTACHES = 100;
const MANY = { runtimes: 10, clientsEach: 5, everyMs: 100, settleMs: 5000, graceMs: 10_000 };
const SLOW = { readMs: 5000, pausedMs: 20_000, ackEveryMs: 16, resumedMs: 3000 };
const VIEW = { width: 1280, height: 3000 };

const TALL_PAGE = `<body style="margin:0;height:${VIEW.height}px;font:16px sans-serif;
  background:linear-gradient(160deg,#fed,#48c 40%,#2a6 70%,#fff)">
  ${'<p>The quick brown fox jumps over the lazy dog. '.repeat(60)}`;
const ANIMATED_PAGE = `<style>
  @keyframes turn { to { transform: rotate(1turn) } }
  div { position: fixed; inset: -50%; animation: turn 3s linear infinite;
    background: repeating-conic-gradient(#e33 0 3deg, #36c 0 6deg, #fff 0 9deg) }</style><div>`;

type Side = (typeof SIDES)[number];

/** Where one browser is reached, by either way, and its first page. */
interface Browser {
  cdpUrl: string;
  pageId: string;
}

/** A service with browsers. `directory` is where it keeps its files. */
interface Ready {
  browsers: Browser[];
  directory: string;
  pid: number;
}

interface Client extends Disposable {
  socket: WebSocket;
  /** Emits the protocol's events by their names. */
  events: EventEmitter;
  send: (method: string, params?: object, sessionId?: string) => Promise<Result>;
}

interface Page extends Disposable {
  client: Client;
  send: (method: string, params?: object) => Promise<Result>;
}

type Result = Record<string, unknown>;

interface Message {
  id?: number;
  method?: string;
  params?: Result;
  result?: Result;
  error?: { message: string };
}

interface Goal {
  measured: string;
  is: number;
  goal: string;
  met: boolean;
}

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
const goals: Goal[] = [];
await withBrowsers(1, async ({ browsers: [browser], directory }) => {
  if (!browser) throw new Error('there is no browser');
  const urls = { bridge: browser.cdpUrl, direct: await directUrl(directory) };
  await measureEvaluate(urls, browser.pageId);
  await measureScreenshots(urls, browser.pageId);
  await measureAttach(urls);
});
await withBrowsers(MANY.runtimes, ({ browsers, pid }) =>
  measureMany(browsers, pid, Number(options.seconds)),
);
await withBrowsers(1, async ({ browsers: [browser], pid }) => {
  if (browser) await measureSlowReader(browser, pid);
});
console.table(goals);
if (goals.some(({ met }) => !met)) process.exitCode = 1;

async function measureEvaluate(urls: Record<Side, string>, pageId: string): Promise<void> {
  using bridge = await openPage(urls.bridge, pageId);
  using direct = await openPage(urls.direct, pageId);
  const pages = { bridge, direct };
  const samples: Record<Side, number[]> = { bridge: [], direct: [] };
  const batch = async (side: Side) => {
    const times: number[] = [];
    for (let n = 0; n < EVALUATE.each; n++) {
      times.push(await timed(() => evaluate(pages[side])));
    }
    return times;
  };
  for (const side of SIDES) await batch(side);
  await alternate(EVALUATE.batches, async (side) => {
    samples[side].push(...(await batch(side)));
  });
  const of = { bridge: summary(samples.bridge), direct: summary(samples.direct) };
  const difference = of.bridge.medianMs - of.direct.medianMs;
  const ratio = of.bridge.medianMs / of.direct.medianMs;
  console.log('Runtime.evaluate');
  console.table(of);
  atMost('evaluate: median, bridge - direct, ms', difference, 0.2);
  atMost('evaluate: median, bridge / direct', ratio, 1.4);
}

async function measureScreenshots(urls: Record<Side, string>, pageId: string): Promise<void> {
  await show(urls.direct, pageId, TALL_PAGE);
  using bridge = await openPage(urls.bridge, pageId);
  using direct = await openPage(urls.direct, pageId);
  const pages = { bridge, direct };
  const spentMs = { bridge: 0, direct: 0 };
  let bytes = 0;
  for (const side of SIDES) bytes = await screenshot(pages[side]);
  await alternate(SCREENSHOTS.batches, async (side) => {
    spentMs[side] += await timed(async () => {
      for (let n = 0; n < SCREENSHOTS.each; n++) await screenshot(pages[side]);
    });
  });
  const shots = SCREENSHOTS.batches * SCREENSHOTS.each;
  const perSecond = (side: Side) => (shots / spentMs[side]) * 1000;
  const rowOf = (side: Side) => ({ n: shots, perSecond: rounded(perSecond(side)), bytes });
  console.log('Full-page screenshots');
  console.table({ bridge: rowOf('bridge'), direct: rowOf('direct') });
  atLeast(
    'screenshots: throughput, bridge / direct',
    perSecond('bridge') / perSecond('direct'),
    0.9,
  );
}

async function screenshot(page: Page): Promise<number> {
  const clip = { x: 0, y: 0, ...VIEW, scale: 1 };
  const { data } = await page.send('Page.captureScreenshot', { captureBeyondViewport: true, clip });
  const image = Buffer.from(String(data), 'base64');
  // Where a PNG has its height.
  if (image.readUInt32BE(20) !== VIEW.height) throw new Error('a screenshot is not whole');
  return image.length;
}

async function measureAttach(urls: Record<Side, string>): Promise<void> {
  const samples: Record<Side, number[]> = { bridge: [], direct: [] };
  await alternate(ATTACHES, async (side) => {
    const started = performance.now();
    using client = await openClient(urls[side]);
    await client.send('Browser.getVersion');
    samples[side].push(performance.now() - started);
  });
  const of = { bridge: summary(samples.bridge), direct: summary(samples.direct) };
  console.log('From opening to the first answer');
  console.table(of);
  atMost('attach: median, bridge - direct, ms', of.bridge.medianMs - of.direct.medianMs, 10);
}

async function measureMany(browsers: Browser[], pid: number, seconds: number): Promise<void> {
  using owned = new DisposableStack();
  const pages: Page[] = [];
  for (const { cdpUrl, pageId } of browsers) {
    for (let n = 0; n < MANY.clientsEach; n++) {
      pages.push(owned.use(await openPage(cdpUrl, pageId)));
    }
  }
  const until = performance.now() + seconds * 1000;
  const working = Promise.all(pages.map((page) => evaluateUntil(until, page)));
  await sleep(MANY.settleMs);
  const beforeMb = await residentMb(pid);
  await sleep(until - performance.now());
  const afterMb = await residentMb(pid);
  // Closes the clients of answers that never come, which makes them errors.
  const given = sleep(MANY.graceMs, undefined, { ref: false }).then(() => owned.dispose());
  await Promise.race([working, given]);
  const done = await working;
  const answers = done.reduce((sum, { answered }) => sum + answered, 0);
  const errors = done.reduce((sum, { failed }) => sum + failed, 0);
  console.log(`${pages.length} clients of ${browsers.length} runtimes for ${seconds} s`);
  console.table({ service: { answers, errors, beforeMb, afterMb } });
  atMost('many: errors', errors, 0);
  atMost('many: memory of the service, change', Math.abs(afterMb / beforeMb - 1), 0.1);
}

async function evaluateUntil(until: number, page: Page) {
  let answered = 0;
  let failed = 0;
  while (performance.now() < until && page.client.socket.readyState === WebSocket.OPEN) {
    const next = performance.now() + MANY.everyMs;
    try {
      await evaluate(page);
      answered++;
    } catch (error) {
      if (failed++ === 0) console.error(error);
    }
    await sleep(Math.max(0, next - performance.now()));
  }
  return { answered, failed };
}

/** A client that asks for pictures and does not read them. */
async function measureSlowReader({ cdpUrl, pageId }: Browser, pid: number): Promise<void> {
  await show(cdpUrl, pageId, ANIMATED_PAGE);
  using page = await openPage(cdpUrl, pageId);
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
  const beforeMb = await residentMb(pid);
  const read = frames;
  socket.pause();
  const highestMb = await highestResidentMb(pid, SLOW.pausedMs);
  const readInPause = frames - read;
  socket.resume();
  await sleep(SLOW.resumedMs);
  clearInterval(acks);
  await evaluate(page);
  const readAfter = frames - read - readInPause;
  console.log(`A client that does not read for ${SLOW.pausedMs / 1000} s`);
  console.table({ service: { beforeMb, highestMb, read, readInPause, readAfter } });
  atMost('slow reader: memory of the service, growth', highestMb / beforeMb - 1, 0.1);
  atLeast('slow reader: pictures once it reads again', readAfter, 1);
}

async function highestResidentMb(pid: number, forMs: number): Promise<number> {
  const until = performance.now() + forMs;
  let highest = 0;
  while (performance.now() < until) {
    await sleep(500);
    highest = Math.max(highest, await residentMb(pid));
  }
  return highest;
}

async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return rounded(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

/** Both sides take turns at being first, so that neither gains by the order. */
async function alternate(rounds: number, work: (side: Side) => Promise<void>): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const sides = round % 2 === 0 ? SIDES : SIDES.toReversed();
    for (const side of sides) await work(side);
  }
}

/** Each has a service of its own: what one leaves in memory would hide what the next one needs. */
async function withBrowsers(count: number, work: (ready: Ready) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'bc-'));
  const service = await startService({
    PORT: '0',
    BCTRL_DATA_DIR: join(directory, 'data'),
    BCTRL_BROWSER_DIR: directory,
    LOG_LEVEL: 'warn',
  });
  try {
    const browsers: Browser[] = [];
    for (let n = 0; n < count; n++) browsers.push(await createBrowser(service, `bench-${n}`));
    await work({ browsers, directory, pid: service.pid });
  } finally {
    await service.stop('SIGTERM');
    await rm(directory, { recursive: true, force: true });
    if (service.log !== '') console.error(service.log.trim());
  }
}

async function createBrowser({ url, apiKey }: ServiceProcess, alias: string): Promise<Browser> {
  const path = '/v1/workspaces/default/runtimes';
  const created = await caller(url, apiKey)('POST', path, { alias, kind: 'browser' });
  if (created.status !== 200) throw new Error(`no runtime: ${created.text}`);
  const { connection, summary: about } = created.json;
  return { cdpUrl: connection.cdpUrl, pageId: about.defaultPageId };
}

/** The debugging port of the one browser there is, as Chromium itself notes it. */
async function directUrl(directory: string): Promise<string> {
  for await (const file of glob('bctrl-*/*/data/DevToolsActivePort', { cwd: directory })) {
    const [port, path] = (await readFile(join(directory, file), 'utf8')).split('\n');
    return `ws://127.0.0.1:${port}${path}`;
  }
  throw new Error('no browser has a debugging port');
}

async function show(url: string, pageId: string, html: string): Promise<void> {
  using page = await openPage(url, pageId);
  await page.send('Page.enable');
  const loaded = once(page.client.events, 'Page.loadEventFired');
  await page.send('Page.navigate', { url: `data:text/html,${encodeURIComponent(html)}` });
  await loaded;
}

async function evaluate(page: Page): Promise<void> {
  const { result } = await page.send('Runtime.evaluate', { expression: '1+1' });
  if ((result as { value?: unknown }).value !== 2) throw new Error(JSON.stringify(result));
}

async function openPage(url: string, targetId: string): Promise<Page> {
  const client = await openClient(url);
  const { sessionId } = await client.send('Target.attachToTarget', { targetId, flatten: true });
  return {
    client,
    send: (method, params) => client.send(method, params, String(sessionId)),
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

async function openClient(url: string): Promise<Client> {
  // Chromium would compress what it sends directly, and not what goes through the bridge.
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, 'open');
  const events = new EventEmitter();
  const pending = new Map<number, PromiseWithResolvers<Result>>();
  let lastId = 0;
  socket.on('message', (data: Buffer) => {
    const { id, method, params, result, error } = JSON.parse(data.toString()) as Message;
    if (id === undefined) return void events.emit(method ?? '', params);
    const asked = pending.get(id);
    pending.delete(id);
    if (error) asked?.reject(new Error(error.message));
    else asked?.resolve(result ?? {});
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    for (const { reject } of pending.values()) reject(new Error('the connection closed'));
    pending.clear();
  });
  const send: Client['send'] = (method, params = {}, sessionId) => {
    const asked = Promise.withResolvers<Result>();
    const id = ++lastId;
    pending.set(id, asked);
    socket.send(JSON.stringify({ id, method, params, sessionId }), (error) => {
      if (error) asked.reject(error);
    });
    return asked.promise;
  };
  return { socket, events, send, [Symbol.dispose]: () => socket.terminate() };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function summary(samples: number[]) {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => rounded(sorted[Math.floor(sorted.length * share)] ?? 0);
  return { n: samples.length, medianMs: at(0.5), p95Ms: at(0.95) };
}

function atMost(measured: string, value: number, limit: number): void {
  goals.push({ measured, is: rounded(value), goal: `at most ${limit}`, met: value <= limit });
}

function atLeast(measured: string, value: number, limit: number): void {
  goals.push({ measured, is: rounded(value), goal: `at least ${limit}`, met: value >= limit });
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
