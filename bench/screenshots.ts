/**
 * How long thumbnails of 50 runtimes take, one by one and all at once, as a list of them asks. A bare
 * Chromium beside them takes the same thumbnail by `Page.captureScreenshot`, in turns with them. Exits with 1
 * when the median of those one by one is over 30 ms.
 *
 *     node bench/screenshots.ts [runtimes] [rounds]        (default 50, 5)
 */
import { bareChromium } from './suite/bare.ts';
import { load, type Page } from './suite/cdp-client.ts';
import { hold } from './suite/contender.ts';
import { openService, RUNTIMES } from './suite/service.ts';
import { median, p95, timed } from './suite/statistics.ts';
import { serve } from './site.ts';

const GOAL_MS = 30;
const WIDTH = 320;
const ROWS = 200;
const PAGE = `<title>a list</title><style>body { font: 14px sans-serif; columns: 4 }</style>${Array.from(
  { length: ROWS },
  (_, nth) =>
    `<p style="background: hsl(${nth * 7} 70% 80%)">Row ${nth} of a page with some text</p>`,
).join('')}`;

const runtimes = Number(process.argv[2] ?? 50);
const rounds = Number(process.argv[3] ?? 5);
await using held = new AsyncDisposableStack();
const service = held.use(await openService({ BCTRL_MAX_RUNTIMES: String(runtimes) }));
const site = held.use(
  await serve((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(PAGE);
  }),
);
const bare = await hold(held, await (await bareChromium()).open());
await load(bare, site.url);
const aliases: string[] = [];
for (let nth = 0; nth < runtimes; nth++) {
  const runtime = await service.create();
  await load(await hold(held, runtime), site.url);
  aliases.push(runtime.alias);
}

const oneByOne: number[] = [];
const atOnce: number[] = [];
const lists: number[] = [];
const ofBare: number[] = [];
for (let round = 0; round < rounds; round++) {
  for (const alias of aliases) {
    oneByOne.push(await timed(() => thumbnail(alias)));
    ofBare.push(await timed(() => capture(bare)));
  }
  const list = async () => {
    atOnce.push(...(await Promise.all(aliases.map((alias) => timed(() => thumbnail(alias))))));
  };
  lists.push(await timed(list));
}
const row = (times: number[]) => ({
  n: times.length,
  medianMs: median(times),
  p95Ms: p95(times),
  ratio: median(times) / median(ofBare),
});
console.table({
  'one by one': row(oneByOne),
  'all at once, each': row(atOnce),
  'all at once, the list': row(lists),
  'bare captureScreenshot': row(ofBare),
});
if (median(oneByOne) > GOAL_MS) process.exitCode = 1;

/** Throws unless it is a picture. */
async function thumbnail(alias: string): Promise<void> {
  const path = `${RUNTIMES}/${alias}/screenshot?width=${WIDTH}`;
  const { status, text } = await service.call('GET', path);
  if (status !== 200) throw new Error(`screenshot: ${status} ${text}`);
}

/** The viewport at the same width, by the only way that scales it. */
async function capture(page: Page): Promise<void> {
  const { cssLayoutViewport } = await page.send('Page.getLayoutMetrics');
  const { clientWidth: width, clientHeight: height } = cssLayoutViewport as Record<string, number>;
  const scale = WIDTH / (width ?? WIDTH);
  const clip = { x: 0, y: 0, width, height, scale };
  await page.send('Page.captureScreenshot', { format: 'jpeg', quality: 50, clip });
}
