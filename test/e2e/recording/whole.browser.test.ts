/** The player of a real recording: while it is made, and after. */
import { setTimeout as delay } from 'node:timers/promises';
import puppeteer from 'puppeteer-core';
import { expect, onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { tabOf, timeIn, whenReady } from '../../support/recordings.ts';
import {
  BLUE,
  expectColor,
  GREEN,
  jumpTo,
  RED,
  shownColor,
} from '../../support/recording-player.ts';
import { openSite } from '../../support/site.ts';
import { test } from '../../support/test.ts';
import { openViewingBrowser } from '../../support/viewing-browser.ts';

const whole = (title: string, color: string) =>
  `<title>${title}</title><body style="background:${color}">`;

test('a recording is watched while it is made, and after', async ({ service, workspace }) => {
  const runtime = await workspace.create({ recording: true });
  const path = `${workspace.runtimes}/${runtime.id}`;
  const { cdpUrl } = runtime.connection;
  const browser = await puppeteer.connect({ browserWSEndpoint: cdpUrl, defaultViewport: null });
  onTestFinished(() => browser.disconnect());
  const [first] = await browser.pages();
  await first?.goto(await openSite(whole('First', '#f00')));
  const redAt = Date.now() + 800;
  await delay(1500);
  const second = await browser.newPage();
  await second.goto(await openSite(whole('Second', '#0f0')));
  await delay(1500);
  await second.close();
  await first?.goto(await openSite(whole('Third', '#00f')));

  const embed = await service.call('POST', `${path}/embed/recording`);
  expect(embed).toMatchObject({ status: 200, json: { status: 'encoding' } });
  expect(embed.json.tabIds).toHaveLength(2);
  expect(embed.json.durationMs).toBeUndefined();
  const watching = await openViewingBrowser();
  onTestFinished(() => watching.close());
  const page = await watching.newPage({ viewport: { width: 1200, height: 760 } });
  await page.goto(embed.json.iframeUrl);
  await page.getByRole('tab', { name: 'Second' }).waitFor();
  const { json: begun } = await service.call('GET', `${path}/recording`);
  const redMs = timeIn(begun, redAt);
  const seek = async (timeMs: number) => {
    const { json: facts } = await service.call('GET', `${path}/recording`);
    await jumpTo(page, timeMs, { facts });
  };
  await seek(redMs);
  await expectColor(page, RED);

  await delay(1500);
  await workspace.stop(runtime.id);
  const recording = await whenReady(service.call, path);
  // The page learns by itself that there is more.
  await page.getByText('Recording', { exact: true }).waitFor({ state: 'detached' });
  for (const [ms, color] of [
    [redMs, RED],
    [tabOf(recording, 'Second').endMs - 300, GREEN],
    [recording.durationMs - 400, BLUE],
  ] as const) {
    // Until the page has heard of the end, its line of time is shorter.
    await eventually(async () => {
      await seek(ms);
      expect(await shownColor(page)).toEqual(color);
    });
  }
  const ready = await service.call('POST', `/v1/recordings/${recording.id}/embed`);
  expect(ready.json).toMatchObject({ status: 'ready', durationMs: recording.durationMs });
  const foreign = await service.callAsOther('POST', `${path}/embed/recording`);
  expect(foreign.status).toBe(404);
  const wrong = new URL(embed.json.iframeUrl);
  wrong.hash = '#token=garbage';
  const refused = await watching.newPage();
  await refused.goto(wrong.href);
  await refused.getByRole('alert').waitFor();
});
