/** Clients that close tabs, and the browser, while it is recorded. */
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { openCdp } from '../../support/cdp.ts';
import { eventually } from '../../support/eventually.ts';
import { connect, seenIn, tabOf, timeIn, whenReady } from '../../support/recordings.ts';
import { openSite } from '../../support/site.ts';
import { test } from '../../support/test.ts';

/** Each color a bit. */
const RED = '100';
const RED_PAGE = '<title>red</title><body style="background:#f00">';

/** The videos that this process has open. */
async function openVideos(): Promise<string[]> {
  const files = (await readdir('/proc/self/fd')).map((fd) => join('/proc/self/fd', fd));
  const paths = await Promise.all(files.map((file) => readlink(file).catch(() => '')));
  return paths.filter((path) => path.includes('/recordings/spool/'));
}

test('a client that closes the browser takes nothing along', async ({ service, workspace }) => {
  const runtime = await workspace.create({ recording: true });
  const path = `${workspace.runtimes}/${runtime.id}`;
  const [browser, page] = await connect(runtime);
  await page.goto(await openSite(RED_PAGE));
  await delay(1500);
  const closedAt = Date.now();
  await browser.close();
  const recording = await whenReady(service.call, path);
  const tab = tabOf(recording, 'red');
  const { colours } = await seenIn(service, path, tab, [timeIn(recording, closedAt) - 200]);
  expect(colours).toEqual([RED]);
  expect((await service.call('GET', path)).json.status).toBe('stopped');
});

test('a client may close a tab and leave at once', async ({ workspace }) => {
  const runtime = await workspace.create({ recording: true });
  const [browser, first] = await connect(runtime);
  await first.goto(await openSite(RED_PAGE));
  const cdp = await openCdp(runtime.connection.cdpUrl);
  const { targetId } = await cdp.send('Target.createTarget', { url: await openSite(RED_PAGE) });
  await eventually(async () => expect(await browser.pages()).toHaveLength(2));
  await delay(500);
  cdp.send('Target.closeTarget', { targetId }).catch(() => undefined);
  cdp.socket.close();
  await eventually(async () => expect(await browser.pages()).toHaveLength(1));
});

test('contexts that are closed at once leave the other tabs recorded', async ({
  service,
  workspace,
}) => {
  const runtime = await workspace.create({ recording: true });
  const path = `${workspace.runtimes}/${runtime.id}`;
  const [browser, page] = await connect(runtime);
  await page.goto(await openSite(RED_PAGE));
  const contexts = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const context = await browser.createBrowserContext();
      await context.newPage();
      return context;
    }),
  );
  await delay(1000);
  await Promise.all(contexts.map((context) => context.close()));
  await delay(1000);
  const stoppedAt = Date.now();
  await workspace.stop(runtime.id);
  const recording = await whenReady(service.call, path);
  const tab = tabOf(recording, 'red');
  // The contexts were closed a second before.
  expect(timeIn(recording, stoppedAt) - tab.endMs).toBeLessThan(900);
  expect(tab.endMs).toBeLessThanOrEqual(recording.durationMs);
  await eventually(async () => expect(await openVideos()).toEqual([]));
});

test('nothing is recorded after a pause, whatever is closed meanwhile', async ({
  service,
  workspace,
}) => {
  const runtime = await workspace.create({ recording: true });
  const path = `${workspace.runtimes}/${runtime.id}`;
  const [, page] = await connect(runtime);
  await page.goto(await openSite(RED_PAGE));
  await delay(1000);
  using cdp = await openCdp(runtime.connection.cdpUrl);
  // Any tab may be in a context, so all of them are looked at before it is closed.
  const close = () =>
    cdp.send('Target.disposeBrowserContext', { browserContextId: 'none' }).catch(() => undefined);
  const closing: Promise<unknown>[] = [];
  for (let n = 0; n < 20; n++) {
    closing.push(close());
    await delay(5);
  }
  const paused = await service.call('POST', `${path}/recording/pause`);
  expect(paused.json).toEqual({ isPaused: true });
  const pausedAt = Date.now();
  await Promise.all(closing);
  await delay(1500);
  await workspace.stop(runtime.id);
  const recording = await whenReady(service.call, path);
  expect(tabOf(recording, 'red').endMs).toBeLessThan(timeIn(recording, pausedAt) + 50);
});
