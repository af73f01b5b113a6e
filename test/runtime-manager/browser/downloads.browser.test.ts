import { execFileSync } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { hostPart } from '../../../src/runtime-manager/browser/own-files.ts';
import { followDownloads } from '../../support/followed-downloads.ts';
import { serveSite } from '../../support/site.ts';
import { openGates, openUninspected } from '../../support/uninspected.ts';

const NAMES: Record<string, string> = {
  '/path': '../../etc/passwd',
  '/device': 'CON',
  '/dots': '...hidden',
  '/unicode': 'résumé 履歴書 🎉.txt',
  '/mirrored': 'photo\u202Egpj.exe',
  '/long': `${'x'.repeat(300)}.txt`,
};

/** A site whose files are attachments, which say their own path. */
function openFiles(): Promise<string> {
  return serveSite((request, response) => {
    const { pathname: path } = new URL(request.url ?? '', 'http://site');
    if (path === '/') {
      response.setHeader('content-type', 'text/html').end('<p>files</p>');
      return;
    }
    const name = encodeURIComponent(NAMES[path] ?? `${path.slice(1)}.txt`);
    response.setHeader('content-disposition', `attachment; filename*=UTF-8''${name}`);
    if (path === '/endless') response.write('x'.repeat(100_000));
    else if (path === '/empty') response.end();
    else setTimeout(() => response.end(path), path === '/slow' ? 500 : 0);
  });
}

const click = (href: string, name = '') =>
  `{ const a = document.createElement('a'); a.href = ${href}; a.download = '${name}'; document.body.append(a); a.click(); }`;

async function openFollowed() {
  const { browser, cdp } = await openUninspected(await openGates());
  const site = await openFiles();
  const page = async (browserContextId?: string) => {
    const url = { url: site, browserContextId };
    const { targetId } = await cdp.send('Target.createTarget', url);
    const { sessionId } = await cdp.send('Target.attachToTarget', { targetId, flatten: true });
    const evaluate = (expression: string) =>
      cdp.send('Runtime.evaluate', { expression, userGesture: true }, String(sessionId));
    await expect
      .poll(async () => (await evaluate('document.readyState + location.href'))['result'])
      .toMatchObject({ value: `complete${site}` });
    return { id: targetId, evaluate };
  };
  const directory = hostPart(browser.directory.files, 'downloads');
  return { browser, cdp, site, page, directory, ...followDownloads(browser.downloads) };
}

test('every download is told once, with its content, though no client asked for any', async () => {
  const { page, site, over, directory } = await openFollowed();
  const { id, evaluate } = await page();
  await evaluate(click('"/hello"'));
  expect(await over(1)).toEqual([
    {
      guid: expect.stringMatching(/^[\da-f-]{36}$/),
      url: `${site}hello`,
      suggestedName: 'hello.txt',
      frameId: id,
      ends: [{ name: 'hello.txt', content: '/hello' }],
    },
  ]);
  await evaluate(
    [
      click('"data:text/plain,of-data"', 'data.txt'),
      click('URL.createObjectURL(new Blob(["of-blob"]))', 'blob.txt'),
      click('"/empty"'),
    ].join('\n'),
  );
  expect((await over(3)).flatMap(({ ends }) => ends)).toEqual([
    { name: 'blob.txt', content: 'of-blob' },
    { name: 'data.txt', content: 'of-data' },
    { name: 'empty.txt', content: '' },
  ]);
  expect((await readdir(directory)).toSorted()).toEqual([
    'blob.txt',
    'data.txt',
    'empty.txt',
    'hello.txt',
  ]);
});

test('ten downloads at once with one name are ten files', async () => {
  const { page, over } = await openFollowed();
  const { evaluate } = await page();
  const paths = Array.from({ length: 10 }, (_, nth) => `/same?${nth}`);
  await evaluate(paths.map((path) => click(`"${path}"`)).join('\n'));
  const all = await over(10);
  expect(new Set(all.map(({ guid }) => guid)).size).toBe(10);
  expect(new Set(all.flatMap(({ ends }) => ends.map((end) => JSON.stringify(end)))).size).toBe(10);
  expect(all.flatMap(({ ends }) => ends)).toContainEqual({
    name: 'same (9).txt',
    content: '/same',
  });
});

test("whatever a site calls a file, the name is one of the folder's own", async () => {
  const { page, over, directory, cdp } = await openFollowed();
  const { evaluate } = await page();
  await evaluate(
    Object.keys(NAMES)
      .map((path) => click(`"${path}"`))
      .join('\n'),
  );
  const told = await over(6);
  const ends = told.map(({ url = '', ends: [end] }) => [new URL(url).pathname, end]);
  expect(Object.fromEntries(ends)).toEqual({
    '/path': { name: '_.._etc_passwd', content: '/path' },
    '/device': { name: 'CON', content: '/device' },
    '/dots': { name: 'hidden', content: '/dots' },
    '/unicode': { name: 'résumé 履歴書 🎉.txt', content: '/unicode' },
    '/mirrored': { name: 'photo_gpj.exe', content: '/mirrored' },
    // Chromium finds no name for it, as long as no client asks for downloads.
    '/long': 'canceled',
  });
  expect(await readdir(directory)).toHaveLength(5);
  await cdp.send('Browser.setDownloadBehavior', {
    behavior: 'allowAndName',
    downloadPath: '/runtime/files/downloads',
  });
  await evaluate(click('"/long"'));
  const [long] = await over(1);
  expect(long?.ends).toEqual([{ name: expect.stringMatching(/^x+\.txt$/), content: '/long' }]);
});

test.each(['ln -s /etc/passwd', 'ln -s other.txt', 'mkfifo', 'mkdir'])(
  'what a browser puts in the place of a file by %s is not opened',
  async (plant) => {
    const { page, over, directory } = await openFollowed();
    const { evaluate } = await page();
    await evaluate(click('"data:,of-another"', 'other.txt'));
    await over(1);
    await evaluate(`setTimeout(() => ${click('"data:,hello"', 'a.txt')}, 500)`);
    // Nothing of the service runs until the file is replaced.
    const script = `until [ -e a.txt ]; do sleep 0.05; done; rm a.txt; ${plant} a.txt`;
    execFileSync('sh', ['-c', script], { cwd: directory });
    expect((await over(1)).map(({ ends }) => ends)).toEqual([['unreadable']]);
  },
);

test('a download that is canceled or denied fails, and so does one that outlives its browser', async () => {
  const { browser, page, over, followed, cdp } = await openFollowed();
  const { evaluate } = await page();
  const ends = async (count: number) => (await over(count)).flatMap(({ ends: told }) => told);
  const begun = () => expect.poll(() => followed.length).toBe(1);
  await evaluate(click('"/endless"'));
  await begun();
  await browser.downloads.cancel(followed[0]?.guid ?? '');
  expect(await ends(1)).toEqual(['canceled']);

  const { browserContextId } = await cdp.send('Target.createBrowserContext');
  await cdp.send('Browser.setDownloadBehavior', {
    behavior: 'allowAndName',
    downloadPath: '/runtime/files/downloads',
    browserContextId,
  });
  const other = await page(String(browserContextId));
  await other.evaluate(click('"/endless"'));
  await begun();
  await browser.downloads.cancel(followed[0]?.guid ?? '');
  expect(await ends(1)).toEqual(['canceled']);
  await other.evaluate(click('"/endless"'));
  await begun();
  await cdp.send('Target.disposeBrowserContext', { browserContextId });
  expect(await ends(1)).toEqual(['canceled']);

  await cdp.send('Browser.setDownloadBehavior', { behavior: 'deny' });
  await evaluate(click('"/hello"'));
  expect(await ends(1)).toEqual(['canceled']);

  await cdp.send('Browser.setDownloadBehavior', { behavior: 'default' });
  await evaluate(click('"/endless"'));
  await begun();
  await browser.kill();
  expect(await ends(1)).toEqual(['browser_ended']);
});

test('a context of its own downloads as Chromium has it, and is followed from its first page', async () => {
  const { cdp, page, over, directory, site } = await openFollowed();
  const { browserContextId } = await cdp.send('Target.createBrowserContext');
  for (const url of [`${site}hello`, 'data:application/octet-stream,at-once']) {
    await cdp.send('Target.createTarget', { url, browserContextId });
  }
  // Chromium cancels these, unless a client asks for them.
  expect((await over(2)).flatMap(({ ends }) => ends)).toEqual(['canceled', 'canceled']);
  expect(await readdir(directory)).toEqual([]);
  const { browserContextId: allowed } = await cdp.send('Target.createBrowserContext');
  await cdp.send('Browser.setDownloadBehavior', {
    behavior: 'allowAndName',
    downloadPath: '/runtime/files/downloads',
    browserContextId: allowed,
  });
  await cdp.send('Target.createTarget', { url: `${site}hello`, browserContextId: allowed });
  const { evaluate } = await page(String(allowed));
  await evaluate(click('"data:text/plain,of-data"', 'data.txt'));
  expect((await over(2)).flatMap(({ ends }) => ends)).toEqual([
    { name: 'data.txt', content: 'of-data' },
    { name: 'hello.txt', content: '/hello' },
  ]);
});

test('a download is told that Chromium announces to nobody', async () => {
  const { browser, cdp, page, site, over } = await openFollowed();
  const closing = await page();
  await closing.evaluate(click('"/slow"'));
  await cdp.send('Target.closeTarget', { targetId: closing.id });
  expect(await over(1)).toEqual([
    {
      guid: expect.stringMatching(/^[\da-f-]{36}$/),
      url: undefined,
      suggestedName: 'slow.txt',
      frameId: undefined,
      ends: [{ name: 'slow.txt', content: '/slow' }],
    },
  ]);

  const folder = join(browser.directory.extensions.path, '0');
  await mkdir(folder);
  const manifest = {
    manifest_version: 3,
    name: 'downloader',
    version: '1',
    permissions: ['downloads'],
    host_permissions: ['<all_urls>'],
    background: { service_worker: 'worker.js' },
  };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
  const worker = `chrome.downloads.download({ url: '${site}hello', filename: 'extension.txt' });`;
  await writeFile(join(folder, 'worker.js'), worker);
  const { seen } = browser.directory.extensions;
  await browser.loadExtension(join(seen, '0'), AbortSignal.timeout(60_000));
  const [of] = await over(1);
  expect(of?.ends).toEqual([{ name: 'extension.txt', content: '/hello' }]);
});

test('who follows late hears of what is under way, and one who fails harms nobody', async () => {
  const { browser, page, over, followed } = await openFollowed();
  const failing = browser.downloads.follow({
    began: () => {
      throw new Error('began');
    },
    completed: () => Promise.reject(new Error('completed')),
    failed: () => undefined,
  });
  onTestFinished(() => failing[Symbol.dispose]());
  const { evaluate } = await page();
  await evaluate(click('"/slow"'));
  await expect.poll(() => followed.length).toBe(1);
  const late = followDownloads(browser.downloads);
  await expect.poll(() => late.followed).toEqual(followed);
  expect(await over(1)).toEqual(await late.over(1));
});

test('a file is read when its browser is gone, and not after who follows has let it go', async () => {
  const { browser, page } = await openFollowed();
  const done = Promise.withResolvers<string>();
  const gone = Promise.withResolvers<void>();
  let openLater: (() => Promise<unknown>) | undefined;
  browser.downloads.follow({
    began: () => undefined,
    completed: async (_guid, { open: reopen }) => {
      await gone.promise;
      await using file = await reopen();
      openLater = reopen;
      done.resolve(await file.readFile('utf8'));
    },
    failed: done.resolve,
  });
  const { evaluate } = await page();
  await evaluate(click('"/hello"'));
  const directory = hostPart(browser.directory.files, 'downloads');
  await expect.poll(() => readdir(directory)).toEqual(['hello.txt']);
  await browser.kill();
  await expect(readdir(directory)).rejects.toThrow('ENOENT');
  gone.resolve();
  expect(await done.promise).toBe('/hello');
  await expect.poll(() => openLater?.().catch(String)).toContain('ENOENT');
});
