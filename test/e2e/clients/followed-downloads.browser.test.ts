import { buffer } from 'node:stream/consumers';
import { chromium, type Page } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { By } from 'selenium-webdriver';
import { expect, onTestFinished, vi } from 'vitest';
import { PageEvents } from '../../../src/runtime-manager/node/page-events.ts';
import { followDownloads } from '../../support/followed-downloads.ts';
import { attachBidi } from '../../support/selenium.ts';
import { openSite } from '../../support/site.ts';
import { test, type TestWorkspace } from '../../support/test.ts';

const FILE = '<a id=file download=a.txt href="data:text/plain,hello">file</a>';
/** The page downloads a file by itself, as soon as it is there. */
const AT_ONCE = `${FILE}<script>document.getElementById('file').click()</script>`;
const ELSEWHERE = '/tmp/of-the-client';

/** A runtime whose downloads are followed as a companion does. */
async function openFollowed(workspace: TestWorkspace) {
  const attached = vi.spyOn(PageEvents.prototype, 'attach');
  onTestFinished(() => attached.mockRestore());
  const { connection } = await workspace.create();
  const [run] = attached.mock.lastCall ?? [];
  if (!run) throw new Error('the runtime has no companion');
  return {
    connection,
    downloads: run.browser.downloads,
    ...followDownloads(run.browser.downloads),
  };
}

async function saved(page: Page, act: () => Promise<unknown>): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent('download'), act()]);
  return String(await buffer(await download.createReadStream()));
}

test("a client's own contexts are followed, whoever made them", async ({ workspace }) => {
  const { connection, over } = await openFollowed(workspace);
  const site = await openSite(AT_ONCE);
  const ends = async () => (await over(1)).flatMap((one) => one.ends);

  const browser = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  onTestFinished(() => browser.disconnect());
  const [first] = await browser.pages();
  await first?.goto(site);
  expect(await ends()).toEqual([{ name: 'a.txt', content: 'hello' }]);
  const bare = await browser.createBrowserContext();
  await (await bare.newPage()).goto(site);
  expect(await ends()).toEqual([{ name: 'a (1).txt', content: 'hello' }]);
  const downloadBehavior = { policy: 'allow', downloadPath: ELSEWHERE } as const;
  const allowing = await browser.createBrowserContext({ downloadBehavior });
  await (await allowing.newPage()).goto(site);
  expect(await ends()).toEqual([{ name: 'a (2).txt', content: 'hello' }]);
  const denying = await browser.createBrowserContext({ downloadBehavior: { policy: 'deny' } });
  await (await denying.newPage()).goto(site);
  expect(await ends()).toEqual(['canceled']);

  const overCdp = await chromium.connectOverCDP(connection.cdpUrl);
  onTestFinished(() => overCdp.close());
  const beside = await (await overCdp.newContext()).newPage();
  await beside.goto(site);
  expect(await ends()).toEqual([{ name: 'a (3).txt', content: 'hello' }]);

  const helped = await chromium.connect(connection.playwrightUrl);
  onTestFinished(() => helped.close());
  const page = await (await helped.newContext()).newPage();
  expect(await saved(page, () => page.goto(site))).toBe('hello');
  expect(await ends()).toEqual([{ name: 'a (4).txt', content: 'hello' }]);
});

test('clients of WebDriver and BiDi are followed', async ({ workspace }) => {
  const { connection, over } = await openFollowed(workspace);
  const { driver, bidi } = await attachBidi(connection.webdriverUrl);
  const download = async () => {
    await driver.get(await openSite(FILE));
    await driver.findElement(By.id('file')).click();
    return (await over(1)).flatMap(({ ends }) => ends);
  };
  expect(await download()).toEqual([{ name: 'a.txt', content: 'hello' }]);
  const downloadBehavior = { type: 'allowed', destinationFolder: ELSEWHERE };
  await bidi.send('browser.setDownloadBehavior', { downloadBehavior });
  expect(await download()).toEqual([{ name: 'a (1).txt', content: 'hello' }]);
  const denied = { downloadBehavior: { type: 'denied' } };
  await bidi.send('browser.setDownloadBehavior', denied);
  expect(await download()).toEqual(['canceled']);
});

test('a client gets its file while whoever follows is still busy with it', async ({
  workspace,
}) => {
  const { connection, downloads, over } = await openFollowed(workspace);
  const held = Promise.withResolvers<void>();
  onTestFinished(() => held.resolve());
  const busy = downloads.follow({
    began: () => undefined,
    completed: () => held.promise,
    failed: () => undefined,
  });
  onTestFinished(() => busy[Symbol.dispose]());
  const browser = await chromium.connect(connection.playwrightUrl);
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  expect(await saved(page, async () => page.goto(await openSite(AT_ONCE)))).toBe('hello');
  expect((await over(1)).map(({ ends }) => ends)).toEqual([[{ name: 'a.txt', content: 'hello' }]]);
});
