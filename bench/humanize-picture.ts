/**
 * Draws bench/humanize.svg: what a page is told of the same commands, as they come and humanized.
 * Both are recorded in one real runtime. The draws are seeded, so the ways are the same each time;
 * their times vary by a few milliseconds.
 *
 *     node bench/humanize-picture.ts
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { mkdtemp, glob, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import type { DebuggingEndpoint } from '../src/runtime-manager/browser/chromium.ts';
import { CdpGate } from '../src/runtime-manager/connections/cdp/cdp-gate.ts';
import { ClientActing } from '../src/runtime-manager/humanize/client-acting.ts';
import { Humanizer } from '../src/runtime-manager/humanize/humanizer.ts';
import { caller } from '../test/support/http.ts';
import { startService } from '../test/support/service-process.ts';

const PICTURE = new URL('humanize.svg', import.meta.url);
const PERSONA = 4;
const SEED = 'picture';
const TEXT = 'just like this';
const LABEL_PX = 9;
const FEW = 10;
/** Positions are whole pixels, at times that vary: speeds are taken over twice this. */
const BLUR_MS = 35;
const STILL_MS = 100;

const VIEW = { width: 600, height: 300 };
const TARGETS = [
  { x: 40, y: 210, width: 90, height: 34 },
  { x: 470, y: 40, width: 96, height: 34 },
  { x: 250, y: 244, width: 70, height: 30 },
  { x: 64, y: 36, width: 80, height: 30 },
];
const PAGE = `<!doctype html><body style="margin:0;height:2000px"><style>* { position: absolute } body { position: static }</style>
${TARGETS.map(({ x, y, width, height }, at) => `<button id="b${at}" style="left:${x}px;top:${y}px;width:${width}px;height:${height}px"></button>`).join('')}
<input id="text" style="left:200px;top:140px">
<script>
const recorded = { moves: [], clicks: [], keys: [] };
const held = new Map();
addEventListener('pointermove', (event) => {
  for (const { timeStamp, clientX, clientY } of event.getCoalescedEvents())
    recorded.moves.push({ at: timeStamp, x: clientX, y: clientY });
});
addEventListener('click', (event) => recorded.clicks.push({ at: event.timeStamp, x: event.clientX, y: event.clientY }));
addEventListener('keydown', (event) => held.set(event.key, event.timeStamp));
addEventListener('keyup', (event) =>
  recorded.keys.push({ key: event.key, downAt: held.get(event.key), upAt: event.timeStamp }));
</script>`;

interface Moment {
  /** In ms. */
  at: number;
  x: number;
  y: number;
}

interface Recording {
  moves: Moment[];
  clicks: Moment[];
  keys: { key: string; downAt: number; upAt: number }[];
}

const { plain, humanized } = await record();
await writeFile(PICTURE, draw(plain, humanized));

async function record(): Promise<{ plain: Recording; humanized: Recording }> {
  const directory = await mkdtemp(join(tmpdir(), 'bc-'));
  const service = await startService({
    PORT: '0',
    BCTRL_DATA_DIR: join(directory, 'data'),
    BCTRL_BROWSER_DIR: directory,
    // The one browser there is has to be that of the runtime.
    BCTRL_WARM_MAX: '0',
    // Its port is dialled from here.
    BCTRL_JAIL: 'off',
    LOG_LEVEL: 'warn',
  });
  try {
    const path = '/v1/workspaces/default/runtimes';
    const created = await caller(service.url, service.apiKey)('POST', path, {
      alias: 'picture',
      kind: 'browser',
    });
    const plainly = await recordOver(created.json.connection.cdpUrl);
    const humanizer = new Humanizer({ personaId: PERSONA, maxDelayMs: 3000, seed: SEED });
    // Where a humanized runtime has it too; but there the draws cannot be repeated.
    using gate = new CdpGate(await endpointIn(directory), 'control', {
      files: {
        seen: directory,
        onHost: directory,
        owner: undefined,
        stagehandExtension: directory,
      },
      act: (wire) => new ClientActing(humanizer, wire),
    });
    const server = createTcpServer(gate.accept).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the gate has no port');
    try {
      return { plain: plainly, humanized: await recordOver(`ws://127.0.0.1:${address.port}`) };
    } finally {
      server.close();
    }
  } finally {
    await service.stop('SIGTERM');
    await rm(directory, { recursive: true, force: true });
  }
}

async function endpointIn(directory: string): Promise<DebuggingEndpoint> {
  for await (const file of glob('bctrl-*/*/data/DevToolsActivePort', { cwd: directory })) {
    const [port, path = ''] = (await readFile(join(directory, file), 'utf8')).split('\n');
    return {
      path,
      port: Number(port),
      dial: async () => {
        const socket = connect(Number(port), '127.0.0.1');
        await once(socket, 'connect');
        return socket;
      },
    };
  }
  throw new Error('no browser has a debugging port');
}

async function recordOver(cdpUrl: string): Promise<Recording> {
  const browser = await chromium.connectOverCDP(cdpUrl);
  try {
    const page = browser.contexts()[0]?.pages()[0];
    if (!page) throw new Error('there is no page');
    await using site = await openPage();
    await page.goto(site.url);
    return await act(page);
  } finally {
    await browser.close();
  }
}

/** On loopback, where pages may see the positions that lie between two frames. */
async function openPage(): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(PAGE);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const close = async () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}/`, [Symbol.asyncDispose]: close };
}

async function act(page: Page): Promise<Recording> {
  await page.mouse.move(24, 280);
  await page.evaluate('recorded.moves.splice(0, recorded.moves.length - 1)');
  for (const at of TARGETS.keys()) await page.click(`#b${at}`);
  await page.focus('#text');
  await page.keyboard.type(TEXT);
  const recording = await page.evaluate<Recording>('recorded');
  const [origin, first] = recording.moves;
  // What came before the first movement is no part of it.
  if (origin && first) origin.at = first.at;
  return recording;
}

function draw(plainly: Recording, humanly: Recording): string {
  const { width } = VIEW;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * width + 96} 640" font-family="system-ui, sans-serif" font-size="15" fill="#334155" role="img">
<title>The same four clicks and the same text, as a page sees them: plain, and humanized</title>
<rect width="100%" height="100%" rx="14" fill="#fff"/>
${panel(32, 'As it came', plainly, humanly)}
${panel(width + 64, 'Humanized', humanly, humanly)}
</svg>
`;
}

/** Times are drawn as long as in `scale`. */
function panel(left: number, name: string, recording: Recording, scale: Recording): string {
  const { width, height } = VIEW;
  const { moves, clicks, keys } = recording;
  const events = `${moves.length} positions, ${clicks.length} clicks`;
  return `<g transform="translate(${left} 0)">
<text y="40" font-size="21" font-weight="600" fill="#0f172a">${name}</text>
<text x="${width}" y="40" text-anchor="end" fill="#64748b">${events}</text>
<svg y="56" width="${width}" height="${height}">
<rect width="100%" height="100%" rx="10" fill="#f8fafc" stroke="#e2e8f0"/>
${TARGETS.map(target).join('\n')}
${way(moves)}
${clicks.map(({ x, y }) => `<path d="M${x - 5} ${y - 5}l10 10m0 -10l-10 10" stroke="#dc2626" stroke-width="2.4" stroke-linecap="round"/>`).join('\n')}
</svg>
<text y="390" fill="#64748b">speed of the pointer</text>
${speedChart(moves, spanOf(scale.moves.map(({ at }) => at)), width)}
<text y="528" fill="#64748b">keys, as long as they are held</text>
${keyChart(keys, spanOf(scale.keys.flatMap(({ downAt, upAt }) => [downAt, upAt])), width)}
</g>`;
}

function target({ x, y, width, height }: (typeof TARGETS)[number]): string {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="#dbeafe" stroke="#93c5fd"/>`;
}

function way(moves: Moment[]): string {
  const line = moves.map(({ x, y }) => `${round(x)},${round(y)}`).join(' ');
  const dots = moves
    .map(({ x, y }) => `<circle cx="${round(x)}" cy="${round(y)}" r="2.3"/>`)
    .join('');
  const dashes = moves.length < FEW ? ' stroke-dasharray="3 6"' : '';
  return `<polyline points="${line}" fill="none" stroke="#60a5fa" stroke-width="1.4"${dashes}/>
<g fill="#1d4ed8">${dots}</g>`;
}

/** Jumps have no speed, only a moment. */
function speedChart(moves: Moment[], scaleMs: number, width: number): string {
  const top = 404;
  const height = 84;
  const bottom = top + height;
  const start = moves[0]?.at ?? 0;
  const taken = seconds(spanOf(moves.map(({ at }) => at)));
  const xOf = (at: number) => round(((at - start) / scaleMs) * (width - 8) + 4);
  const base = `<path d="M0 ${bottom}h${width}" stroke="#cbd5e1"/><text x="${width}" y="390" text-anchor="end" fill="#64748b">${taken}</text>`;
  if (moves.length < FEW) {
    const jumps = moves.slice(1).map(({ at }) => `M${xOf(at)} ${bottom}v${-height}`);
    return `${base}<path d="${jumps.join('')}" stroke="#1d4ed8" stroke-width="2.4"/>`;
  }
  const end = moves.at(-1)?.at ?? start;
  const times = Array.from({ length: Math.floor((end - start) / 15) }, (_, at) => start + at * 15);
  const speeds = times.map((at) => {
    const [from, to] = [placeAt(moves, at - BLUR_MS), placeAt(moves, at + BLUR_MS)];
    return Math.hypot(to.x - from.x, to.y - from.y);
  });
  const fastest = Math.max(...speeds);
  const line = times.map(
    (at, index) => `${xOf(at)} ${round(bottom - ((speeds[index] ?? 0) / fastest) * height)}`,
  );
  return `${base}<path d="M${line.join('L')}" fill="none" stroke="#1d4ed8" stroke-width="1.8" stroke-linejoin="round"/>`;
}

/** Where the pointer was between two positions; it stood still during a long silence. */
function placeAt(moves: Moment[], at: number): { x: number; y: number } {
  const next = moves.findIndex((move) => move.at > at);
  const after = moves[next] ?? moves.at(-1) ?? { at, x: 0, y: 0 };
  const before = moves[next < 0 ? moves.length - 1 : next - 1] ?? after;
  const spanMs = after.at - before.at;
  const part = spanMs === 0 || spanMs > STILL_MS ? 0 : (at - before.at) / spanMs;
  return { x: before.x + part * (after.x - before.x), y: before.y + part * (after.y - before.y) };
}

function keyChart(keys: Recording['keys'], scaleMs: number, width: number): string {
  const top = 544;
  const start = keys[0]?.downAt ?? 0;
  const taken = seconds(spanOf(keys.flatMap(({ downAt, upAt }) => [downAt, upAt])));
  const xOf = (at: number) => ((at - start) / scaleMs) * (width - 8) + 4;
  const bars = keys.map(({ key, downAt, upAt }, at) => {
    const from = xOf(downAt);
    const length = Math.max(1.5, xOf(upAt) - from);
    const bar = `<rect x="${round(from)}" y="${top}" width="${round(length)}" height="26" rx="${Math.min(4, round(length / 2))}" fill="#34d399" fill-opacity="0.75"/>`;
    const before = keys[at - 1];
    const isCramped = before !== undefined && from - xOf(before.downAt) < LABEL_PX;
    if (isCramped || key === ' ') return bar;
    return `${bar}<text x="${round(from + length / 2)}" y="${top + 46}" text-anchor="middle" font-size="14">${key}</text>`;
  });
  return `<text x="${width}" y="528" text-anchor="end" fill="#64748b">${taken}</text>
<path d="M0 ${top + 26}h${width}" stroke="#cbd5e1"/>${bars.join('')}`;
}

function spanOf(times: number[]): number {
  return Math.max(1, Math.max(...times) - Math.min(...times));
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
