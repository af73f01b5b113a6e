import type { Budget } from '../budget.ts';
import { load, openPage, type Page } from '../cdp-client.ts';
import { findBrowserOf } from '../debugging-port.ts';
import { moreAtMost, rowOf, timesAtMost, type Row } from '../rows.ts';
import { openService, type BenchService } from '../service.ts';
import { settle } from '../settle.ts';
import { interleave, timed } from '../statistics.ts';

const EVALUATE = { batches: 20, each: 100, leadIn: 5 };
const SCREENSHOTS = { batches: 20, leadIn: 1 };
const VIEW = { width: 1280, height: 3000 };
const TALL_PAGE = `<body style="margin:0;height:${VIEW.height}px;font:16px sans-serif;
  background:linear-gradient(160deg,#fed,#48c 40%,#2a6 70%,#fff)">
  ${'<p>The quick brown fox jumps over the lazy dog. '.repeat(60)}`;

/**
 * Two ways to a page: through the service into a jail, and by the debugging port of a browser that
 * is in none.
 */
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
  await using free = await openService({ BCTRL_JAIL: 'off' });
  const bridge = await service.create();
  const direct = await openDirect(free);
  await settle(service, free);
  return await measureWays({ bridge, direct }, budget);
}

/** A page of a runtime that is in no jail, by the debugging port of its browser. */
export async function openDirect(free: BenchService): Promise<PageAddress> {
  const { pageId } = await free.create();
  return { cdpUrl: (await findBrowserOf(pageId)).cdpUrl, pageId };
}

export interface PageAddress {
  cdpUrl: string;
  pageId: string;
}

export async function measureWays(addresses: Ways<PageAddress>, { until }: Budget): Promise<Row[]> {
  using bridge = await openPage(addresses.bridge.cdpUrl, addresses.bridge.pageId);
  using direct = await openPage(addresses.direct.cdpUrl, addresses.direct.pageId);
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
  for (const page of [pages.bridge, pages.direct]) await show(page, TALL_PAGE);
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

export function show(page: Page, html: string): Promise<void> {
  return load(page, `data:text/html,${encodeURIComponent(html)}`);
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
