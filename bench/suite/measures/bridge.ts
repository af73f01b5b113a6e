import { once } from 'node:events';
import type { Budget } from '../budget.ts';
import { openPage, type Page } from '../cdp-client.ts';
import { findBrowserOf } from '../debugging-port.ts';
import { moreAtMost, rowOf, timesAtMost, type Row } from '../rows.ts';
import { openService } from '../service.ts';
import { settle } from '../settle.ts';
import { interleave, timed } from '../statistics.ts';

const EVALUATE = { batches: 20, each: 100, leadIn: 5 };
const SCREENSHOTS = { batches: 20, leadIn: 1 };
const VIEW = { width: 1280, height: 3000 };
const TALL_PAGE = `<body style="margin:0;height:${VIEW.height}px;font:16px sans-serif;
  background:linear-gradient(160deg,#fed,#48c 40%,#2a6 70%,#fff)">
  ${'<p>The quick brown fox jumps over the lazy dog. '.repeat(60)}`;

/** Two ways to the same page: through the service, and by the browser's own debugging port. */
interface Ways<T> {
  bridge: T;
  direct: T;
}

interface Way {
  page: Page;
  samples: number[];
}

/** What the way through the service costs a client of CDP. */
export async function measureBridge(budget: Budget): Promise<Row[]> {
  await using service = await openService();
  const { cdpUrl, pageId } = await service.create();
  await settle(service);
  const direct = (await findBrowserOf(pageId)).cdpUrl;
  return await measureWays({ bridge: cdpUrl, direct }, pageId, budget);
}

/** Of two addresses of the browser that has the page. */
export async function measureWays(
  urls: Ways<string>,
  pageId: string,
  { until }: Budget,
): Promise<Row[]> {
  using bridge = await openPage(urls.bridge, pageId);
  using direct = await openPage(urls.direct, pageId);
  const pages = { bridge, direct };
  return [...(await measureEvaluate(pages, until)), ...(await measureScreenshots(pages, until))];
}

async function measureEvaluate(pages: Ways<Page>, until: number): Promise<Row[]> {
  const { bridge, asDirect } = await inTurn(
    pages,
    { rounds: EVALUATE.batches, until, leadIn: EVALUATE.leadIn },
    async ({ page, samples }) => {
      for (let n = 0; n < EVALUATE.each; n++) samples.push(await timed(page.evaluate));
    },
  );
  return [
    rowOf("Runtime.evaluate, the browser's own port", 'ms', asDirect.samples),
    rowOf(
      'Runtime.evaluate through the bridge',
      'ms',
      bridge,
      moreAtMost(0.2, asDirect),
      timesAtMost(1.4, asDirect),
    ),
  ];
}

async function measureScreenshots(pages: Ways<Page>, until: number): Promise<Row[]> {
  await show(pages.direct, TALL_PAGE);
  const { bridge, asDirect } = await inTurn(
    pages,
    { rounds: SCREENSHOTS.batches, until, leadIn: SCREENSHOTS.leadIn },
    async ({ page, samples }) => {
      samples.push(await timed(() => screenshot(page)));
    },
  );
  return [
    rowOf("screenshot of a tall page, the browser's own port", 'ms', asDirect.samples),
    rowOf('screenshot through the bridge', 'ms', bridge, timesAtMost(1.1, asDirect)),
  ];
}

/** Loads the page and resolves when it has. */
export async function show(page: Page, html: string): Promise<void> {
  await page.send('Page.enable');
  const loaded = once(page.client.events, 'Page.loadEventFired');
  await page.send('Page.navigate', { url: `data:text/html,${encodeURIComponent(html)}` });
  await loaded;
}

async function screenshot(page: Page): Promise<void> {
  const clip = { x: 0, y: 0, ...VIEW, scale: 1 };
  const { data } = await page.send('Page.captureScreenshot', { captureBeyondViewport: true, clip });
  const image = Buffer.from(String(data), 'base64');
  // Where a PNG has its height.
  if (image.readUInt32BE(20) !== VIEW.height) throw new Error('a screenshot is not whole');
}

/** The samples of both, after some of each that do not count: by then code is compiled. */
async function inTurn(
  pages: Ways<Page>,
  { leadIn, ...budget }: Budget & { leadIn: number },
  batch: (way: Way) => Promise<void>,
) {
  const bridge: Way = { page: pages.bridge, samples: [] };
  const direct: Way = { page: pages.direct, samples: [] };
  for (const way of [bridge, direct]) {
    for (let n = 0; n < leadIn; n++) await batch(way);
    way.samples.length = 0;
  }
  await interleave(budget, [bridge, direct], batch);
  return { bridge: bridge.samples, asDirect: { name: 'direct', samples: direct.samples } };
}
