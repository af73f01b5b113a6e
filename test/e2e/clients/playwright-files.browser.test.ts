import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { expect, inject, onTestFinished } from 'vitest';
import { openTestService } from '../../support/service.ts';
import { openSite } from '../../support/site.ts';
import { createWorkspace, test, type TestWorkspace } from '../../support/test.ts';

/** More than a client of Playwright may send to a browser on another machine than its server. */
const LARGE_BYTES = 80_000_000;

async function connect(workspace: TestWorkspace): Promise<Browser> {
  const { connection } = await workspace.create();
  const browser = await chromium.connect(connection.playwrightUrl);
  onTestFinished(() => browser.close());
  return browser;
}

/** A folder of the client's own machine. */
async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bctrl-client-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function visit(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

const sizeOf = async (file: string) => (await stat(file)).size;

test('a client of Playwright records the network into its own files, and replays it', async ({
  workspace,
}) => {
  const browser = await connect(workspace);
  const folder = await openFolder();
  const url = await openSite();
  for (const [name, content] of [
    ['embed.har', 'embed'],
    ['attach/attach.har', 'attach'],
    ['omit.har', 'omit'],
    ['attach.zip', 'attach'],
  ] as const) {
    const path = join(folder, name);
    const context = await browser.newContext({ recordHar: { path, content } });
    await visit(context, url);
    await context.close();
    expect(await sizeOf(path), name).toBeGreaterThan(500);
  }
  expect(await readFile(join(folder, 'embed.har'), 'utf8')).toContain('<title>site');

  for (const name of ['updated.har', 'updated.zip']) {
    const path = join(folder, name);
    const recording = await browser.newContext();
    await recording.routeFromHAR(path, { update: true });
    await visit(recording, url);
    await recording.close();
    const replaying = await browser.newContext();
    await replaying.routeFromHAR(path, { notFound: 'abort' });
    const page = await visit(replaying, url);
    expect(await page.title()).toBe('site');
    await expect(page.goto(`${url}other`)).rejects.toThrow('net::ERR_FAILED');
    await replaying.close();
  }
});

test("a client of Playwright traces the runtime's own context", async ({ workspace }) => {
  const [context] = (await connect(workspace)).contexts();
  if (!context) throw new Error('there is no default context');
  const folder = await openFolder();
  await context.tracing.start({ screenshots: true, snapshots: true, sources: true });
  await context.tracing.startHar(join(folder, 'network.har'));
  const page = await visit(context, await openSite());
  await page.click('#greet');
  await context.tracing.stopHar();
  await context.tracing.stop({ path: join(folder, 'trace.zip') });
  expect(await readFile(join(folder, 'network.har'), 'utf8')).toContain('<title>site');
  expect(await sizeOf(join(folder, 'trace.zip'))).toBeGreaterThan(1000);
});

test('a client of Playwright uploads large files, several files, and a folder', async ({
  workspace,
}) => {
  const context = await (await connect(workspace)).newContext();
  const folder = await openFolder();
  const large = join(folder, 'large.bin');
  const end = randomBytes(16);
  await writeFile(large, Buffer.concat([Buffer.alloc(LARGE_BYTES - end.length), end]));
  await mkdir(join(folder, 'tree/branch'), { recursive: true });
  await writeFile(join(folder, 'tree/branch/leaf.txt'), 'green');
  const page = await visit(
    context,
    await openSite('<input type=file id=files multiple><input type=file id=tree webkitdirectory>'),
  );

  await page.setInputFiles('#files', [large, join(folder, 'tree/branch/leaf.txt')]);
  const files = await page.evaluate(
    `Promise.all([...document.getElementById('files').files].map(async (file) =>
      [file.name, file.size, [...new Uint8Array(await file.slice(-16).arrayBuffer())]]))`,
  );
  expect(files).toEqual([
    ['large.bin', LARGE_BYTES, [...end]],
    ['leaf.txt', 5, [...Buffer.from('green')]],
  ]);

  await page.setInputFiles('#tree', join(folder, 'tree'));
  expect(
    await page.evaluate(
      `Promise.all([...document.getElementById('tree').files].map(async (file) =>
        [file.webkitRelativePath, await file.text()]))`,
    ),
  ).toEqual([['tree/branch/leaf.txt', 'green']]);
});

test.skipIf(inject('ffmpegPath') === '')(
  'a client of Playwright records videos',
  async ({ workspace }) => {
    const browser = await connect(workspace);
    const folder = await openFolder();
    const context = await browser.newContext({ recordVideo: { dir: folder } });
    const page = await visit(context, await openSite());
    await context.close();
    const path = join(folder, 'saved.webm');
    await page.video()?.saveAs(path);
    // Every webm file begins with this. https://www.rfc-editor.org/rfc/rfc8794#section-11.2.1
    expect((await readFile(path)).subarray(0, 4).toString('hex')).toBe('1a45dfa3');
  },
);

test('a client of Playwright gets an error when videos cannot be recorded', async () => {
  await using service = await openTestService({ executables: { ffmpegPath: undefined } });
  const browser = await connect(await createWorkspace(service));
  const context = await browser.newContext({ recordVideo: { dir: 'videos' } });
  await expect(context.newPage()).rejects.toThrow(
    /This service cannot record videos: its machine has no ffmpeg\.$/,
  );
});
