import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { expect, inject, test as base } from 'vitest';
import { ColorVideos, type Shade } from './color-videos.ts';
import { openRecordingPeer, type FakeRecording, type RecordingPeer } from './recording-peer.ts';
import { openViewingBrowser } from './viewing-browser.ts';

export const [RED, GREEN, BLUE, WHITE] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
  [1, 1, 1],
];

/** The player in a browser, and the recording that it plays. */
export interface OpenedPlayer {
  page: Page;
  recording: FakeRecording;
}

export interface PlayerOptions extends BrowserContextOptions {
  /** Runs in the page before its own script. */
  script?: string;
}

const VIEWPORT = { width: 1200, height: 760 };

let tokens = 0;

/** Tests with one browser, which plays recordings of one peer. */
export const test = base
  .extend('browser', { scope: 'file' }, async ({}, { onCleanup }): Promise<Browser> => {
    const browser = await openViewingBrowser();
    onCleanup(() => browser.close());
    return browser;
  })
  .extend('peer', { scope: 'file' }, async ({}, { onCleanup }): Promise<RecordingPeer> => {
    const peer = await openRecordingPeer();
    onCleanup(() => peer[Symbol.asyncDispose]());
    return peer;
  })
  /** Makes videos of plain colors, each once. */
  .extend('film', { scope: 'file' }, () => {
    const videos = new ColorVideos(inject('ffmpegPath'));
    const made = new Map<string, Promise<Buffer>>();
    return (...shades: Shade[]): Promise<Buffer> => {
      const known = made.get(shades.join()) ?? videos.make(...shades);
      made.set(shades.join(), known);
      return known;
    };
  })
  .extend('open', async ({ browser, peer }, { onCleanup }) => {
    const pages: Page[] = [];
    onCleanup(async () => {
      await Promise.all(pages.map((page) => page.close()));
    });
    return async (recording: FakeRecording, options: PlayerOptions = {}): Promise<OpenedPlayer> => {
      const { script, ...context } = options;
      const page = await browser.newPage({ viewport: VIEWPORT, ...context });
      pages.push(page);
      if (script !== undefined) await page.addInitScript(script);
      await page.goto(addressOf(peer, recording));
      return { page, recording };
    };
  });

/** A new address of a recording, with its token. */
export function addressOf(peer: RecordingPeer, recording: FakeRecording): string {
  const token = `token-${++tokens}`;
  peer.recordings.set(token, recording);
  return `${peer.page}/${token}#token=${token}`;
}

/** The color in the middle of the video in front, each part 0 or 1; undefined: none is shown. */
export function shownColor(page: Page): Promise<number[] | undefined> {
  return page.evaluate(FRONT_COLOR);
}

/** Waits until the picture of the shown time has a color. */
export async function expectColor(page: Page, color: number[] | undefined): Promise<void> {
  await expect.poll(() => shownColor(page)).toEqual(color);
}

/** The time that is shown, as people read it. */
export function shownTime(page: Page): Promise<string> {
  return page.locator('.times .now').innerText();
}

/** Jumps to a time, by a click where it is. */
export async function jumpTo(
  page: Page,
  ms: number,
  { facts }: { facts: Pick<FakeRecording['facts'], 'durationMs'> },
): Promise<void> {
  const box = await page.getByRole('slider').boundingBox();
  if (!box) throw new Error('there is no line of time');
  await page.mouse.click(box.x + (box.width * ms) / facts.durationMs, box.y + box.height / 2);
}

/** How the picture is shown: `shown`, or why it is not, or not of this time. */
export function pictureState(page: Page): Promise<string | null> {
  return page.locator('#picture').getAttribute('data-state');
}

/** An expression of a page, for `shownColor`. */
export const FRONT_COLOR = `(() => {
  const video = document.querySelector('video[data-front]');
  if (!video?.videoWidth || document.querySelector('#picture').dataset.state === 'empty') return undefined;
  const canvas = new OffscreenCanvas(8, 8);
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, 8, 8);
  return [...context.getImageData(4, 4, 1, 1).data.slice(0, 3)].map((part) => Math.round(part / 255));
})()`;
