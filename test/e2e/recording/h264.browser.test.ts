/** Recordings for players that cannot decode AV1. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import puppeteer from 'puppeteer-core';
import { expect, inject, onTestFinished } from 'vitest';
import { readFormat } from '../../../src/runtime-manager/recording/join/format.ts';
import { eventually } from '../../support/eventually.ts';
import { openFolder } from '../../support/folder.ts';
import { playVideo } from '../../support/played-video.ts';
import { BLUE, expectColor, jumpTo } from '../../support/recording-player.ts';
import { openPlayingPage, whenReady } from '../../support/recordings.ts';
import type { BrowserService } from '../../support/service.ts';
import { openSite } from '../../support/site.ts';
import { test, type TestWorkspace } from '../../support/test.ts';
import { openViewingBrowser } from '../../support/viewing-browser.ts';

/** A browser without AV1. */
const WITHOUT_AV1 = `
  HTMLMediaElement.prototype.canPlayType = () => '';
  navigator.mediaCapabilities.decodingInfo = async () => ({ supported: false });
`;

/** A recording of one tab, which is blue. */
async function recordBlue(service: BrowserService, workspace: TestWorkspace) {
  const runtime = await workspace.create({ recording: true });
  const path = `${workspace.runtimes}/${runtime.id}`;
  const { cdpUrl } = runtime.connection;
  const browser = await puppeteer.connect({ browserWSEndpoint: cdpUrl, defaultViewport: null });
  onTestFinished(() => browser.disconnect());
  const [page] = await browser.pages();
  await page?.goto(await openSite('<title>Blue</title><body style="background:#00f">'));
  await delay(2000);
  await workspace.stop(runtime.id);
  const recording = await whenReady(service.call, path);
  const [tab] = recording.tabs;
  if (!tab) throw new Error('nothing was recorded');
  return { recording, tab, path };
}

test('a video is made H.264 when it is asked for, and goes with the recording', async ({
  service,
  workspace,
}) => {
  const { recording, tab, path } = await recordBlue(service, workspace);
  const ask = (of: string, headers = {}) =>
    fetch(`${service.url}${of}/${tab.tabId}.mp4?codec=h264`, {
      headers: { authorization: `Bearer ${service.apiKey}`, ...headers },
    });
  const own = `/v1/recordings/${recording.id}`;
  const first = await ask(own);
  expect(first.status).toBe(202);
  expect(Object.fromEntries(first.headers)).toMatchObject({
    'retry-after': '2',
    'cache-control': 'no-store',
  });
  expect(await first.json()).toEqual({ status: 'converting' });
  const made = await eventually(async () => {
    const answer = await ask(own);
    expect(answer.status).toBe(200);
    return answer;
  });
  const file = join(await openFolder(), 'h264.mp4');
  await writeFile(file, Buffer.from(await made.arrayBuffer()));
  expect(String(await readFormat(file))).toContain('avc1');
  const { durationMs, shown } = await playVideo(await openPlayingPage(), file, [
    tab.endMs - tab.startMs - 300,
  ]);
  expect(shown.map(({ colour }) => colour)).toEqual(['001']);
  expect(Math.abs(durationMs - (tab.endMs - tab.startMs))).toBeLessThan(200);

  const part = await ask(`${path}/recording`, { range: 'bytes=0-0' });
  expect(part.status).toBe(206);
  expect((await part.arrayBuffer()).byteLength).toBe(1);
  expect(part.headers.get('etag')).toBe(made.headers.get('etag'));
  const av1 = await service.call('GET', `${own}/${tab.tabId}.mp4?codec=av1`);
  expect(av1.status).toBe(200);
  expect(av1.headers.get('etag')).not.toBe(made.headers.get('etag'));
  const other = await service.call('GET', `${own}/${tab.tabId}.mp4?codec=vp8`);
  expect(other).toMatchObject({ status: 400, json: { code: 'request.invalid' } });
  expect((await service.callAsOther('GET', `${own}/${tab.tabId}.mp4?codec=h264`)).status).toBe(404);

  const folder = join(service.dataDir, 'objects', 'recordings', recording.id);
  const objects = () => readdir(folder).catch(() => []);
  // In a cluster they lie elsewhere.
  if (!inject('isClustered')) expect(await objects()).toHaveLength(2);
  expect((await service.call('DELETE', own)).status).toBe(200);
  await eventually(async () => {
    const rows = await service.database.db.$client`select part_id from recording_variants`;
    expect(rows).toHaveLength(0);
    expect(await objects()).toEqual([]);
  });
  expect(await readdir(join(service.dataDir, 'recordings', 'converting'))).toEqual([]);
});

test('a browser without AV1 plays a recording', async ({ service, workspace }) => {
  const { recording } = await recordBlue(service, workspace);
  const { json } = await service.call('POST', `/v1/recordings/${recording.id}/embed`);
  const watching = await openViewingBrowser();
  onTestFinished(() => watching.close());
  const page = await watching.newPage({ viewport: { width: 1200, height: 760 } });
  const loaded = new Set<string | null>();
  page.on('response', (answer) => {
    const { pathname, searchParams } = new URL(answer.url());
    if (pathname.includes('/parts/')) loaded.add(`${searchParams.get('codec')} ${answer.status()}`);
  });
  await page.addInitScript(WITHOUT_AV1);
  await page.goto(json.iframeUrl);
  await page.getByText('Converting for this browser…').waitFor();
  await eventually(async () => {
    await jumpTo(page, recording.durationMs - 500, { facts: recording });
    await expectColor(page, BLUE);
  });
  expect(loaded).toEqual(new Set(['h264 202', 'h264 206']));
});
