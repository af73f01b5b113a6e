/**
 * How long a one-shot screenshot of a local page takes, beside the same with a bare Chromium under
 * Playwright: one that runs already (newPage, goto, screenshot, close), and one that has to be
 * launched and closed. In turn, in a random order in every round. Exits with 1 when the median is over 1.3
 * times that of the first, or 0.4 times that of the second.
 *
 *     node bench/one-shot.ts [rounds]        (default 20)
 */
import { chromium, type Browser } from 'playwright-core';
import { pino } from 'pino';
import { ensureChromium } from '../src/runtime-manager/index.ts';
import { serve } from './site.ts';
import { openService } from './suite/service.ts';
import { interleave, median, p95, timed } from './suite/statistics.ts';

const GOALS = { running: 1.3, launched: 0.4 };
/** The pool has a browser ready again by then: a one-shot in a queue measures launches. */
const REST_MS = 1500;
const VIEWPORT = { width: 1280, height: 720 };
const ROWS = 200;
const PAGE = `<!doctype html><title>a list</title><style>body { font: 14px sans-serif; columns: 4 }</style>${Array.from(
  { length: ROWS },
  (_, nth) =>
    `<p style="background: hsl(${nth * 7} 70% 80%)">Row ${nth} of a page with some text</p>`,
).join('')}`;
const UNTIL = performance.now() + 15 * 60_000;

const rounds = Number(process.argv[2] ?? 20);
await using held = new AsyncDisposableStack();
const service = held.use(await openService());
const site = held.use(
  await serve((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(PAGE);
  }),
);
const executablePath = await ensureChromium(undefined, process.env['PATH'] ?? '', pino());
const launch = () => chromium.launch({ executablePath, args: ['--no-sandbox'] });
const running = held.adopt(await launch(), (browser) => browser.close());

const ways: Record<string, () => Promise<void>> = {
  'one-shot': oneShot,
  'bare, running': () => picture(running),
  'bare, launched': async () => {
    const browser = await launch();
    await picture(browser);
    await browser.close();
  },
};
const times = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
// The first of each is slower, for all of them.
for (const way of Object.values(ways)) await way();
await interleave({ rounds, until: UNTIL }, Object.entries(ways), async ([name, way]) => {
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  times.get(name)?.push(await timed(way));
});

const of = (name: string) => times.get(name) ?? [];
const ratio = (name: string) => median(of('one-shot')) / median(of(name));
const row = (name: string, goal?: number) => ({
  n: of(name).length,
  medianMs: median(of(name)),
  p95Ms: p95(of(name)),
  ...(goal !== undefined && { ratio: ratio(name), goal: `≤ ${goal}` }),
});
console.table({
  'one-shot': row('one-shot'),
  'bare, running': row('bare, running', GOALS.running),
  'bare, launched': row('bare, launched', GOALS.launched),
});
if (ratio('bare, running') > GOALS.running) process.exitCode = 1;
if (ratio('bare, launched') > GOALS.launched) process.exitCode = 1;

/** Throws unless it is a picture. */
async function oneShot(): Promise<void> {
  const body = { url: site.url, viewport: VIEWPORT };
  const { status, text } = await service.call('POST', '/v1/workspaces/default/screenshot', body);
  if (status !== 200) throw new Error(`one-shot: ${status} ${text}`);
}

async function picture(browser: Browser): Promise<void> {
  const page = await browser.newPage({ viewport: VIEWPORT });
  await page.goto(site.url);
  await page.screenshot();
  await page.close();
}
