import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium, type Download, type Page } from 'playwright-core';
import puppeteer, { type CDPSession } from 'puppeteer-core';
import { expect, onTestFinished } from 'vitest';
import { openDownloadSite } from '../../support/download-site.ts';
import { attach } from '../../support/selenium.ts';
import { openSite } from '../../support/site.ts';
import { test } from '../../support/test.ts';

const BIG_BYTES = 3 * 1024 * 1024;

async function download(page: Page, id: string): Promise<number> {
  const [file] = await Promise.all([page.waitForEvent('download'), page.click(`#${id}`)]);
  return sizeOf(file);
}

async function sizeOf(file: Download): Promise<number> {
  const chunks: Buffer[] = await (await file.createReadStream()).toArray();
  expect(await file.failure()).toBeNull();
  return Buffer.concat(chunks).length;
}

/** The paths of all downloaded files, of all runtimes. */
async function downloadsIn(dataDir: string): Promise<string[]> {
  const found = await readdir(join(dataDir, 'files'), { recursive: true });
  return found.filter((path) => /\/downloads\/./.test(path)).toSorted();
}

/** Waits for the files of other tests' runtimes to go; the runtimes have ended already. */
async function othersAreGone(dataDir: string): Promise<void> {
  await expect.poll(() => downloadsIn(dataDir), { timeout: 60_000 }).toEqual([]);
}

/** Connects a client of Playwright, downloads, leaves, and returns the number of bytes. */
async function visitAndDownload(url: string, site: string): Promise<number> {
  const browser = await chromium.connect(url);
  const page = browser.contexts()[0]?.pages()[0];
  if (!page) throw new Error('there is no page');
  await page.goto(site);
  const bytes = await download(page, 'big');
  await browser.close();
  return bytes;
}

/** Downloads over plain CDP, and returns the event of its end. */
async function downloadOver(session: CDPSession, browser: CDPSession, path: string) {
  const over = new Promise<{ state: string; filePath?: string }>((resolve) => {
    browser.on('Browser.downloadProgress', (event) => {
      if (event.state !== 'inProgress') resolve(event);
    });
  });
  await session.send('Runtime.evaluate', { expression: `location.href = '${path}'` });
  return over;
}

test('downloads arrive whole, whichever other clients are attached or have left', async ({
  workspace,
}) => {
  const { connection } = await workspace.create();
  const site = await openDownloadSite();
  expect(await visitAndDownload(connection.playwrightUrl, site)).toBe(BIG_BYTES);
  const beside = await chromium.connectOverCDP(connection.cdpUrl);
  expect(await visitAndDownload(connection.playwrightUrl, site)).toBe(BIG_BYTES);
  await beside.close();
  const browser = await chromium.connect(connection.playwrightUrl);
  onTestFinished(() => browser.close());
  const page = browser.contexts()[0]?.pages()[0];
  if (!page) throw new Error('there is no page');
  await page.goto(site);
  expect(await download(page, 'big')).toBe(BIG_BYTES);
  const selenium = await attach(connection.webdriverUrl);
  expect(await download(page, 'big')).toBe(BIG_BYTES);
  await selenium.quit();
  expect(await download(page, 'report')).toBe(16);
  const denying = await puppeteer.connect({
    browserWSEndpoint: connection.cdpUrl,
    downloadBehavior: { policy: 'deny' },
  });
  expect(await download(page, 'big')).toBe(BIG_BYTES);
  await denying.disconnect();
  expect(await download(page, 'report')).toBe(16);
});

test("Puppeteer's downloads keep their names, and none overwrites another", async ({
  service,
  workspace,
}) => {
  await othersAreGone(service.dataDir);
  const { connection } = await workspace.create();
  const site = await openDownloadSite();
  const browser = await puppeteer.connect({
    browserWSEndpoint: connection.cdpUrl,
    downloadBehavior: { policy: 'allow', downloadPath: 'C:\\Users\\me\\Downloads' },
  });
  onTestFinished(() => browser.disconnect());
  const page = await browser.newPage();
  await page.goto(site);
  const root = await browser.target().createCDPSession();
  const own = await page.createCDPSession();
  await root.send('Browser.setDownloadBehavior', {
    behavior: 'allow',
    downloadPath: 'C:\\Users\\me\\Downloads',
    eventsEnabled: true,
  });
  const helper = await chromium.connect(connection.playwrightUrl);
  onTestFinished(() => helper.close());
  expect(await downloadOver(own, root, '/report')).toMatchObject({
    state: 'completed',
    filePath: 'report.txt',
  });
  root.removeAllListeners();
  // This is the deprecated form, which many examples use.
  await own.send('Page.setDownloadBehavior', { behavior: 'allow', downloadPath: './here' });
  expect(await downloadOver(own, root, '/big')).toMatchObject({ filePath: 'report (1).txt' });
  const found = await downloadsIn(service.dataDir);
  const sizes = found.map(async (path) => [
    path.split('/').at(-1),
    (await stat(join(service.dataDir, 'files', path))).size,
  ]);
  expect(await Promise.all(sizes)).toEqual([
    ['report (1).txt', BIG_BYTES],
    ['report.txt', 16],
  ]);
});

test('a client that denies downloads sees none, and nothing is kept when all clients deny them', async ({
  service,
  workspace,
}) => {
  await othersAreGone(service.dataDir);
  const { connection } = await workspace.create();
  const site = await openDownloadSite();
  const browser = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  onTestFinished(() => browser.disconnect());
  const page = await browser.newPage();
  await page.goto(site);
  const root = await browser.target().createCDPSession();
  const own = await page.createCDPSession();
  await root.send('Browser.setDownloadBehavior', { behavior: 'deny', eventsEnabled: true });
  expect(await downloadOver(own, root, '/report')).toMatchObject({ state: 'canceled' });
  expect(await downloadsIn(service.dataDir)).toEqual([]);
  root.removeAllListeners();
  const helper = await chromium.connect(connection.playwrightUrl);
  onTestFinished(() => helper.close());
  expect(await downloadOver(own, root, '/report')).toMatchObject({ state: 'canceled' });
  await expect
    .poll(() => downloadsIn(service.dataDir))
    .toEqual([expect.stringMatching(/\/downloads\/report\.txt$/)]);
});

test('a permission that one client granted stays when another client leaves', async ({
  workspace,
}) => {
  const { connection } = await workspace.create();
  const site = await openSite();
  const helper = await chromium.connect(connection.playwrightUrl);
  onTestFinished(() => helper.close());
  const context = helper.contexts()[0];
  const page = context?.pages()[0];
  if (!context || !page) throw new Error('there is no page');
  await page.goto(site);
  const state = (name: string) =>
    page.evaluate<string>(
      `navigator.permissions.query({ name: '${name}' }).then((is) => is.state)`,
    );
  await context.grantPermissions(['geolocation'], { origin: site });
  const other = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  const root = await other.target().createCDPSession();
  await root.send('Browser.setPermission', {
    origin: site,
    permission: { name: 'midi' },
    setting: 'granted',
  });
  expect([await state('geolocation'), await state('midi')]).toEqual(['granted', 'granted']);
  await other.disconnect();
  await expect.poll(() => state('midi')).not.toBe('granted');
  expect(await state('geolocation')).toBe('granted');
});

test('the emulation of one client stays when another client that emulated too leaves', async ({
  workspace,
}) => {
  const { connection } = await workspace.create();
  const first = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  onTestFinished(() => first.disconnect());
  const page = await first.newPage();
  await page.goto(await openSite());
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  const session = await page.createCDPSession();
  await session.send('Emulation.setFocusEmulationEnabled', { enabled: true });
  await first.newPage();
  const state = () =>
    page.evaluate("[document.hasFocus(), matchMedia('(prefers-color-scheme: dark)').matches]");
  expect(await state()).toEqual([true, true]);
  const second = await chromium.connectOverCDP(connection.cdpUrl);
  const pages = second.contexts()[0]?.pages() ?? [];
  for (const one of pages) await one.emulateMedia({ colorScheme: 'light' });
  expect(await state()).toEqual([true, false]);
  await second.close();
  await expect.poll(state).toEqual([true, true]);
});

/** Attaches to every target, and opens one more page for each line that it reads. */
const PROGRAM = `
import { createInterface } from 'node:readline';
import puppeteer from 'puppeteer-core';
const browser = await puppeteer.connect({ browserWSEndpoint: process.argv[1] });
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const page = await browser.newPage();
  console.log(await page.evaluate('6 * 7'));
}`;

test('a frozen client does not hold up other clients for long, and goes on when it thaws', async ({
  service,
  workspace,
}) => {
  const { id, connection } = await workspace.create();
  const program = spawn(
    process.execPath,
    ['--input-type=module', '-e', PROGRAM, connection.cdpUrl],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  onTestFinished(() => void program.kill('SIGKILL'));
  const said = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  expect(await said.next()).toMatchObject({ value: 'ready' });
  const browser = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  onTestFinished(() => browser.disconnect());
  program.kill('SIGSTOP');
  const page = await browser.newPage();
  await page.goto(await openSite());
  expect(await page.title()).toBe('site');
  const { json } = await service.call('GET', `${workspace.runtimes}/${id}/connections`);
  const attached = json.connections.map((one: { attachedClients: number }) => one.attachedClients);
  expect(Math.max(...attached)).toBe(2);
  program.kill('SIGCONT');
  program.stdin.write('one\n');
  expect(await said.next()).toMatchObject({ value: '42' });
});
