import puppeteer, { type Page } from 'puppeteer-core';
import { chromium } from 'playwright-core';
import { beforeAll, expect, onTestFinished, vi } from 'vitest';
import type { CdpSession } from '../../src/runtime-manager/browser/cdp/cdp-session.ts';
import { Pages } from '../../src/runtime-manager/browser/pages/pages.ts';
import { openCdp } from '../support/cdp.ts';
import { letPass } from '../support/elapsed.ts';
import { eventually } from '../support/eventually.ts';
import { playwrightPage } from '../support/first-page.ts';
import { decode, HALVES, takeScreenshot, type Picture } from '../support/screenshots.ts';
import { openSite } from '../support/site.ts';
import { test, type TestWorkspace } from '../support/test.ts';

interface Size {
  width: number;
  height: number;
}

const BOTH = ['red', 'blue'];
const LIMIT_MS = 5000;

/** A runtime whose default page shows two halves, in Puppeteer's hands. */
async function openHalves({ runtimes, create }: TestWorkspace, extra: object = {}) {
  const site = await openSite(HALVES);
  const { id, connection, summary } = await create({ ...extra });
  const options = { browserWSEndpoint: connection.cdpUrl, defaultViewport: null };
  const browser = await puppeteer.connect(options);
  onTestFinished(() => browser.disconnect());
  const [page] = await browser.pages();
  if (!page) throw new Error('there is no page');
  await page.goto(site);
  return {
    path: `${runtimes}/${id}`,
    id,
    site,
    connection,
    browser,
    page,
    pageId: summary.defaultPageId,
  };
}

async function idOf(page: Page): Promise<string> {
  const session = await page.createCDPSession();
  const { targetInfo } = await session.send('Target.getTargetInfo');
  await session.detach();
  return targetInfo.targetId;
}

async function noticed(page: Page) {
  return {
    noticed: await page.evaluate('noticed'),
    visible: await page.evaluate('document.visibilityState'),
  };
}

/** The service's own sessions with pages, since the first test. */
let attached: () => Promise<CdpSession[]>;

beforeAll(() => {
  const attach = vi.spyOn(Pages.prototype, 'attach');
  attached = async () => {
    const all = await Promise.allSettled(attach.mock.results.map(({ value }) => value));
    return all.flatMap((one) => (one.status === 'fulfilled' ? [one.value as CdpSession] : []));
  };
  return () => attach.mockRestore();
});

/** Resolves when each page has one session of the service's, which stays with every page. */
async function expectNoSession(cdpUrl: string): Promise<void> {
  using client = await openCdp(cdpUrl);
  await eventually(async () => {
    const { targetInfos } = await client.send('Target.getTargets');
    const pages = (targetInfos as { type: string }[]).filter(({ type }) => type === 'page');
    expect(pages.length).toBeGreaterThan(0);
    const left = (await attached()).filter(({ gone }) => !gone.aborted);
    expect(left).toHaveLength(pages.length);
  });
}

test('a page is pictured whole and as a thumbnail, in each format, and notices nothing', async ({
  service,
  workspace,
}) => {
  const { path, page, browser, connection } = await openHalves(workspace);
  const size = (await page.evaluate('({ width: innerWidth, height: innerHeight })')) as Size;
  const small = { width: 320, height: Math.round((size.height / size.width) * 320) };
  await page.evaluate('noticed.length = 0');
  const framesBefore = Number(await page.evaluate('frames'));
  const began = performance.now();
  for (const [query, type, expected] of [
    [{}, 'image/png', size],
    [{ format: 'jpeg' }, 'image/jpeg', size],
    [{ format: 'webp', quality: '80' }, 'image/webp', size],
    [{ width: '320' }, 'image/jpeg', small],
    [{ width: '320', format: 'png' }, 'image/png', small],
    [{ width: '7680' }, 'image/jpeg', size],
  ] as const) {
    const picture = await takeScreenshot(service, path, query);
    expect(picture.headers.get('cache-control')).toBe('no-store');
    expect(await decode(page, picture)).toMatchObject({
      type,
      width: expected.width,
      colours: BOTH,
    });
    expect(Math.abs((await decode(page, picture)).height - expected.height)).toBeLessThanOrEqual(1);
  }
  const perSecond =
    ((Number(await page.evaluate('frames')) - framesBefore) / (performance.now() - began)) * 1000;
  expect(perSecond).toBeGreaterThan(5);
  expect(perSecond).toBeLessThan(70);
  expect(await noticed(page)).toEqual({ noticed: [], visible: 'visible' });
  const rough = await takeScreenshot(service, path, { format: 'jpeg', quality: '1' });
  const fine = await takeScreenshot(service, path, { format: 'jpeg', quality: '100' });
  expect(rough.bytes.length).toBeLessThan(fine.bytes.length);
  await browser.disconnect();
  await expectNoSession(connection.cdpUrl);
});

test('a page in the background is pictured and stays there, whichever way', async ({
  service,
  workspace,
}) => {
  const { path, page, browser, pageId } = await openHalves(workspace);
  const front = await browser.newPage();
  await front.setContent('<body style="background: #00f">');
  await expect.poll(() => noticed(page)).toMatchObject({ visible: 'hidden' });
  await page.evaluate('noticed.length = 0');
  for (const query of [{ width: '320' }, {}, { format: 'webp' }, { width: '100', format: 'png' }]) {
    const picture = await takeScreenshot(service, path, { pageId, ...query });
    expect(await decode(front, picture), JSON.stringify(query)).toMatchObject({ colours: BOTH });
  }
  const ofFront = await takeScreenshot(service, path, { width: '320', pageId: await idOf(front) });
  expect(await decode(front, ofFront)).toMatchObject({ colours: ['blue', 'blue'] });
  expect(await noticed(page)).toEqual({ noticed: [], visible: 'hidden' });
  const frames = await page.evaluate('frames');
  await page.evaluate('new Promise((resolve) => setTimeout(resolve, 200))');
  expect(await page.evaluate('frames')).toBe(frames);
  await page.close();
  const newest = await takeScreenshot(service, path, { width: '320' });
  expect(await decode(front, newest)).toMatchObject({ colours: ['blue', 'blue'] });
});

test('an emulated device and zoom are pictured as their client has them, and stay', async ({
  service,
  workspace,
}) => {
  const { path, page, browser } = await openHalves(workspace);
  const decoder = await browser.newPage();
  await page.bringToFront();
  await page.setViewport({ width: 412, height: 915, deviceScaleFactor: 3, isMobile: true });
  const session = await page.createCDPSession();
  await session.send('Emulation.setPageScaleFactor', { pageScaleFactor: 2 });
  await expect.poll(() => page.evaluate('visualViewport.scale')).toBe(2);
  await page.evaluate(
    'new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))',
  );
  await page.evaluate('noticed.length = 0');
  for (const [query, width] of [
    [{ width: '320' }, 320],
    [{}, 412],
    [{ format: 'webp' }, 412],
    [{ width: '1000' }, 412],
  ] as const) {
    const picture = await decode(decoder, await takeScreenshot(service, path, query));
    expect(picture).toMatchObject({ width });
    expect(picture.height / picture.width).toBeCloseTo(915 / 412, 1);
  }
  expect(await noticed(page)).toMatchObject({ noticed: [] });
  expect(await page.evaluate('[innerWidth, devicePixelRatio, visualViewport.scale]')).toEqual([
    412, 3, 2,
  ]);
});

test('clients that picture and cast the same page at the same time notice nothing', async ({
  service,
  workspace,
}) => {
  const { path, page, connection } = await openHalves(workspace);
  const browser = await chromium.connectOverCDP(connection.cdpUrl);
  const other = await playwrightPage(browser, page.url());
  const cast = await page.createCDPSession();
  let frames = 0;
  cast.on('Page.screencastFrame', ({ sessionId }) => {
    frames++;
    cast.send('Page.screencastFrameAck', { sessionId }).catch(() => undefined);
  });
  await cast.send('Page.startScreencast', { format: 'jpeg', maxWidth: 500 });
  await page.evaluate('setInterval(() => (document.body.textContent = frames), 20)');
  const shots = await Promise.all([
    page.screenshot({ type: 'png' }),
    other.screenshot({ type: 'png' }),
    other.screenshot({ type: 'png', fullPage: true }),
    ...Array.from({ length: 20 }, async (_, nth) => {
      const query = { width: String(300 + nth) };
      const { status, bytes } = await takeScreenshot(service, path, query);
      expect(status).toBe(200);
      return bytes;
    }),
  ]);
  for (const shot of shots) expect(shot.length).toBeGreaterThan(100);
  const until = frames;
  await expect.poll(() => frames).toBeGreaterThan(until + 5);
  expect(await page.evaluate('innerWidth')).toBe(await other.evaluate('innerWidth'));
});

test('many who ask for the same at once share it', async ({ service, workspace }) => {
  const { path, page } = await openHalves(workspace);
  const pictures = await Promise.all(
    Array.from({ length: 30 }, () => takeScreenshot(service, path, { width: '320' })),
  );
  for (const picture of pictures) {
    expect(picture.status).toBe(200);
    expect(picture.bytes.equals(pictures[0]?.bytes ?? Buffer.alloc(0))).toBe(true);
  }
  expect(await decode(page, pictures[0] as Picture)).toMatchObject({ colours: BOTH });
});

test('a page with a dialog or busy scripts is pictured in front, and unavailable elsewhere', async ({
  service,
  workspace,
}) => {
  const { path, browser, connection, site } = await openHalves(workspace);
  const decoder = await browser.newPage();
  using client = await openCdp(connection.cdpUrl);
  const open = async (expression: string) => {
    const { targetId } = await client.send('Target.createTarget', { url: site, newWindow: true });
    const { sessionId } = await client.send('Target.attachToTarget', { targetId, flatten: true });
    await eventually(async () => {
      const pictured = await takeScreenshot(service, path, {
        pageId: String(targetId),
        width: '320',
      });
      expect(await decode(decoder, pictured)).toMatchObject({ colours: BOTH });
    });
    client.send('Runtime.evaluate', { expression }, String(sessionId)).catch(() => undefined);
    return String(targetId);
  };
  const dialog = await open('alert(1)');
  const busy = await open('for (const end = Date.now() + 8000; Date.now() < end; );');
  for (const pageId of [dialog, busy]) {
    for (const query of [{ width: '320' }, {}, { format: 'jpeg' }]) {
      const picture = await takeScreenshot(service, path, { pageId, ...query });
      expect(await decode(decoder, picture)).toMatchObject({ colours: BOTH });
    }
  }
  const began = performance.now();
  const ask = { pageId: dialog, format: 'webp' };
  const hopeless = [takeScreenshot(service, path, ask), takeScreenshot(service, path, ask)];
  const left = new AbortController();
  const another = { pageId: dialog, format: 'webp', quality: '3' };
  const given = takeScreenshot(service, path, another, left.signal).catch(() => 'left');
  const thumbnail = await takeScreenshot(service, path, { width: '320' });
  expect(thumbnail.status).toBe(200);
  left.abort();
  expect(await given).toBe('left');
  for (const refused of await Promise.all(hopeless)) {
    expect(refused).toMatchObject({
      status: 409,
      json: {
        code: 'page.unavailable',
        details: { pageId: dialog, reason: 'no_answer' },
        hint: expect.stringContaining('dialog'),
      },
    });
  }
  expect(performance.now() - began).toBeGreaterThan(LIMIT_MS - 100);
  await browser.disconnect();
  client[Symbol.dispose]();
  await expectNoSession(connection.cdpUrl);
  using last = await openCdp(connection.cdpUrl);
  const closing = takeScreenshot(service, path, ask);
  await last.send('Target.closeTarget', { targetId: dialog });
  expect(await closing).toMatchObject({ status: 404, json: { code: 'page.not_found' } });
});

test('a page that crashed is unavailable until it is loaded again, and one that is closed not found', async ({
  service,
  workspace,
}) => {
  const { path, page, browser, pageId } = await openHalves(workspace);
  const crashed = await browser.newPage();
  await crashed.goto(page.url());
  const crashedId = await idOf(crashed);
  const session = await crashed.createCDPSession();
  session.send('Page.crash').catch(() => undefined);
  for (const query of [{ width: '320' }, {}, { format: 'webp' }]) {
    await eventually(async () => {
      expect(await takeScreenshot(service, path, { pageId: crashedId, ...query })).toMatchObject({
        status: 409,
        json: { code: 'page.unavailable', details: { pageId: crashedId, reason: 'crashed' } },
      });
    });
  }
  await session.send('Page.reload');
  await eventually(async () => {
    const again = await takeScreenshot(service, path, { pageId: crashedId, width: '320' });
    expect(await decode(page, again)).toMatchObject({ colours: BOTH });
  });
  await crashed.close();
  for (const gone of [crashedId, 'nothing']) {
    expect(await takeScreenshot(service, path, { pageId: gone })).toMatchObject({
      status: 404,
      json: { code: 'page.not_found', hint: expect.stringContaining('pageId') },
    });
  }
  expect(await takeScreenshot(service, path, { pageId })).toMatchObject({ status: 200 });
  const { page: another } = await openHalves(workspace);
  const elsewhere = await idOf(another);
  expect(await takeScreenshot(service, path, { pageId: elsewhere })).toMatchObject({ status: 404 });
});

test('looking on does not keep a runtime', async ({ service, workspace }) => {
  const { id } = await workspace.create({ idleTimeoutSeconds: 100 });
  const path = `${workspace.runtimes}/${id}`;
  expect(await takeScreenshot(service, path, { width: '320' })).toMatchObject({ status: 200 });
  letPass(60);
  expect(await takeScreenshot(service, path)).toMatchObject({ status: 200 });
  letPass(60);
  await eventually(async () => {
    const { json } = await service.call('GET', path);
    expect(json).toMatchObject({ status: 'stopped', stopReason: 'idle' });
  });
});
