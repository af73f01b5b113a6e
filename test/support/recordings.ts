import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { expect, inject, onTestFinished } from 'vitest';
import { eventually } from './eventually.ts';
import { openFolder } from './folder.ts';
import type { Call } from './http.ts';
import { playVideo } from './played-video.ts';

export interface RecordedTab {
  tabId: string;
  url: string;
  title: string;
  segments: number;
  startMs: number;
  endMs: number;
}
export interface ReadyRecording {
  id: string;
  startedAt: string;
  durationMs: number;
  sizeBytes: number;
  tabs: RecordedTab[];
}

/** A client of a runtime until the test is over, and the page that it comes with. */
export async function connect(runtime: {
  connection: { cdpUrl: string };
}): Promise<[Browser, Page]> {
  const { cdpUrl } = runtime.connection;
  const browser = await puppeteer.connect({ browserWSEndpoint: cdpUrl, defaultViewport: null });
  onTestFinished(() => browser.disconnect());
  const [page] = await browser.pages();
  if (!page) throw new Error('there is no page');
  return [browser, page];
}

/** A page in which videos are played, in a Chromium without the service. */
export async function openPlayingPage(): Promise<Page> {
  const browser = await puppeteer.launch({
    executablePath: inject('chromiumPath'),
    args: ['--no-sandbox'],
  });
  onTestFinished(() => browser.close());
  return browser.newPage();
}

/** Waits until the recording at a path is joined. */
export async function whenReady(call: Call, path: string): Promise<ReadyRecording> {
  await eventually(async () => {
    const { json } = await call('GET', `${path}/recording`);
    expect(json.status).toBe('ready');
  });
  return (await call('GET', `${path}/recording`)).json;
}

/** Loads the video of a tab, and tells its length and what it shows at times of the recording: each color a bit. */
export async function seenIn(
  service: { url: string; apiKey: string | undefined },
  path: string,
  tab: RecordedTab,
  timesMs: number[],
): Promise<{ colours: string[]; durationMs: number }> {
  const answer = await fetch(`${service.url}${path}/recording/${tab.tabId}.mp4`, {
    headers: { authorization: `Bearer ${service.apiKey}` },
  });
  expect(answer.status).toBe(200);
  const file = join(await openFolder(), 'tab.mp4');
  await writeFile(file, Buffer.from(await answer.arrayBuffer()));
  const times = timesMs.map((ms) => ms - tab.startMs);
  const { shown, durationMs } = await playVideo(await openPlayingPage(), file, times);
  return { colours: shown.map(({ colour }) => colour), durationMs };
}

/** A time as ms since the recording began. */
export function timeIn({ startedAt }: Pick<ReadyRecording, 'startedAt'>, at = Date.now()): number {
  return at - Date.parse(startedAt);
}

/** The tab of a title. */
export function tabOf({ tabs }: ReadyRecording, title: string): RecordedTab {
  const tab = tabs.find((one) => one.title === title);
  if (!tab) throw new Error(`there is no tab ${title}: ${JSON.stringify(tabs)}`);
  return tab;
}
