/** Downloads in the contexts that clients make, beside the default one. */
import { chromium, type Browser, type BrowserContextOptions } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { expect, onTestFinished } from 'vitest';
import { openCdp, type Cdp } from '../../support/cdp.ts';
import type { ConnectionUrls } from '../../support/drivers.ts';
import { eventually } from '../../support/eventually.ts';
import { openFileSite } from '../../support/file-site.ts';
import { attachBidi } from '../../support/selenium.ts';
import type { TestService } from '../../support/service.ts';
import { openSite } from '../../support/site.ts';
import { test, type TestWorkspace } from '../../support/test.ts';

/** The page downloads a file by itself, as soon as it is there. */
const AT_ONCE = `<a id=file download=a.txt href="data:text/plain,hello">file</a>
  <script>document.getElementById('file').click()</script>`;
const ELSEWHERE = '/tmp/of-the-client';

interface FileBody {
  name: string;
  state: string;
  sha256?: string;
}

async function openRuntime({ call }: TestService, workspace: TestWorkspace) {
  const { id, connection } = await workspace.create();
  let seen = 0;
  return {
    connection,
    site: await openSite(AT_ONCE),
    /** What became of so many downloads more. */
    more: (count: number): Promise<FileBody[]> =>
      eventually(async () => {
        const { json } = await call('GET', `${workspace.runtimes}/${id}/files?limit=500`);
        const files: FileBody[] = json.files;
        expect(files).toHaveLength(seen + count);
        expect(files.map(({ state }) => state)).not.toContain('arriving');
        const latest = files.slice(0, count);
        seen += count;
        return latest;
      }),
  };
}

const STORED = [expect.objectContaining({ name: 'a.txt', state: 'stored' })];
const FAILED = [expect.objectContaining({ name: 'a.txt', state: 'failed' })];

async function openClient(url: string) {
  const cdp = await openCdp(url);
  onTestFinished(() => cdp[Symbol.dispose]());
  const heard: string[] = [];
  cdp.socket.on('message', (data: Buffer) => heard.push(data.toString()));
  return { cdp, heard };
}

async function makeContext(cdp: Cdp): Promise<string> {
  const { browserContextId } = await cdp.send('Target.createBrowserContext');
  return String(browserContextId);
}

test("what pages of Puppeteer's own contexts download is stored, unless the client denies it", async ({
  service,
  workspace,
}) => {
  const { connection, more, site } = await openRuntime(service, workspace);
  const files = await openFileSite();
  const browser = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  onTestFinished(() => browser.disconnect());
  const page = await (await browser.createBrowserContext()).newPage();
  await page.goto(files.url);
  for (const { id, name, sha256 } of files.offered.filter((one) => one.id !== 'large')) {
    await page.click(`#${id}`);
    expect(await more(1)).toEqual([expect.objectContaining({ name, sha256, state: 'stored' })]);
  }
  const downloadBehavior = { policy: 'deny' } as const;
  const denying = await (await browser.createBrowserContext({ downloadBehavior })).newPage();
  await denying.goto(site);
  expect(await more(1)).toEqual(FAILED);
});

test('a download arrives that the first page of a context begins, and nobody hears of it unasked', async ({
  service,
  workspace,
}) => {
  const { connection, more, site } = await openRuntime(service, workspace);
  const { cdp, heard } = await openClient(connection.cdpUrl);
  const urls = [site, 'data:application/octet-stream,at-once'];
  for (const url of [...urls, ...urls, ...urls]) {
    const browserContextId = await makeContext(cdp);
    await cdp.send('Target.createTarget', { url, browserContextId });
  }
  expect((await more(6)).map(({ state }) => state)).toEqual(Array(6).fill('stored'));
  expect(heard.filter((one) => one.includes('ownload'))).toEqual([]);
});

test("a client's wish for a context holds until the client leaves", async ({
  service,
  workspace,
}) => {
  const { connection, more, site } = await openRuntime(service, workspace);
  const { cdp } = await openClient(connection.cdpUrl);
  const browserContextId = await makeContext(cdp);
  const open = async () => {
    await cdp.send('Target.createTarget', { url: site, browserContextId });
    return more(1);
  };
  for (const behavior of ['deny', 'default']) {
    const { cdp: other } = await openClient(connection.cdpUrl);
    await other.send('Browser.setDownloadBehavior', { behavior, browserContextId });
    expect(await open()).toEqual(FAILED);
    other[Symbol.dispose]();
    await eventually(async () => expect(await open()).toEqual(STORED));
  }
  const { cdp: allowing } = await openClient(connection.cdpUrl);
  const allow = { behavior: 'allow', downloadPath: ELSEWHERE, browserContextId };
  await allowing.send('Browser.setDownloadBehavior', allow);
  expect(await open()).toEqual(STORED);
});

test('a context that its maker left behind downloads for others', async ({
  service,
  workspace,
}) => {
  const { connection, more, site } = await openRuntime(service, workspace);
  const { cdp: maker } = await openClient(connection.cdpUrl);
  const browserContextId = await makeContext(maker);
  maker[Symbol.dispose]();
  const { cdp } = await openClient(connection.cdpUrl);
  await cdp.send('Target.createTarget', { url: site, browserContextId });
  expect(await more(1)).toEqual(STORED);
});

test('a user context of BiDi downloads, unless its client denies it', async ({
  service,
  workspace,
}) => {
  const { connection, more, site } = await openRuntime(service, workspace);
  const { bidi } = await attachBidi(connection.webdriverUrl);
  await bidi.send('session.subscribe', { events: ['browsingContext.downloadEnd'] });
  const { result: made } = await bidi.send('browser.createUserContext');
  const { userContext } = made;
  const open = async () => {
    const { result } = await bidi.send('browsingContext.create', { type: 'tab', userContext });
    await bidi.send('browsingContext.navigate', { context: result.context, url: site });
    const files = await more(1);
    const ended = () => bidi.events.splice(0).map(({ params }) => params);
    const heard = await eventually(async () => {
      expect(bidi.events).toHaveLength(1);
      return ended();
    });
    return { files, heard };
  };
  const complete = expect.objectContaining({ status: 'complete', filepath: 'a.txt' });
  expect(await open()).toEqual({ files: STORED, heard: [complete] });
  const behave = (downloadBehavior: object | null) =>
    bidi.send('browser.setDownloadBehavior', { downloadBehavior, userContexts: [userContext] });
  await behave({ type: 'denied' });
  const canceled = expect.objectContaining({ status: 'canceled' });
  expect(await open()).toEqual({ files: FAILED, heard: [canceled] });
  await behave(null);
  const again = expect.objectContaining({ status: 'complete', filepath: 'a (1).txt' });
  expect(await open()).toEqual({ files: STORED, heard: [again] });
});

const PLAYWRIGHT: [string, (urls: ConnectionUrls) => Promise<Browser>][] = [
  ['over CDP', ({ cdpUrl }) => chromium.connectOverCDP(cdpUrl)],
  ['by its own protocol', ({ playwrightUrl }) => chromium.connect(playwrightUrl)],
];

for (const [how, connect] of PLAYWRIGHT) {
  test(`Playwright ${how} has its downloads, and none where it accepts none`, async ({
    service,
    workspace,
  }) => {
    const { connection, more, site } = await openRuntime(service, workspace);
    const browser = await connect(connection);
    onTestFinished(() => browser.close());
    const download = async (options?: BrowserContextOptions) => {
      const page = await (await browser.newContext(options)).newPage();
      const [began] = await Promise.all([page.waitForEvent('download'), page.goto(site)]);
      return began;
    };
    const accepted = await download();
    expect(await accepted.failure()).toBeNull();
    expect(await more(1)).toEqual(STORED);
    const denied = await download({ acceptDownloads: false });
    expect(await denied.failure()).toContain('acceptDownloads');
    expect(await more(1)).toEqual(FAILED);
  });
}
