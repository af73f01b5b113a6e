import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { test as base } from 'vitest';
import type { ServiceMessage, ViewerMessage } from '../../src/runtime-manager/live/messages.ts';
import { eventually } from './eventually.ts';
import { openLivePeer, type LivePeer, type Peer } from './live-peer.ts';
import { openViewingBrowser } from './viewing-browser.ts';

type Hello = Extract<ServiceMessage, { t: 'hello' }>;
type Tabs = Extract<ServiceMessage, { t: 'tabs' }>;
type Control = Extract<ServiceMessage, { t: 'control' }>;

export const HELLO: Hello = {
  t: 'hello',
  viewer: 'viewer-1',
  isInteractive: true,
  showControls: true,
  viewerMode: 'last_used',
};
export const TAB = {
  id: 'tab-a',
  title: 'First page',
  url: 'https://example.com/first',
  hasCrashed: false,
  hasDialog: false,
};
export const TABS: Tabs = {
  t: 'tabs',
  tabs: [TAB],
  current: TAB.id,
  turn: 1,
  isFollowing: true,
  canGoBack: true,
  canGoForward: false,
  isLoading: false,
};
export const YOU_DRIVE = control({ driver: 'you' });

/** Who drives; what a test does not say is as usual. */
export function control(told: Partial<Control>): Control {
  const idleMs = told.driver === 'agent' ? null : 60_000;
  return { t: 'control', viewers: 1, driver: 'agent', request: null, idleMs, lost: null, ...told };
}

/** The answer is on its way. */
const SOON = { interval: 5 };

/** Of tokens and pictures, none of which comes twice. */
let marks = 0;
const OUTDATED = 65_535;

/** The live page in a browser, and the end of its websocket that the test holds. */
export interface Viewer {
  page: Page;
  peer: Peer;
  /** Where a point of the page is in the window. */
  at: (x: number, y: number) => Promise<[number, number]>;
  /** Waits until all that was done to the page has been heard, and returns what it said of one kind. */
  said: <T extends ViewerMessage['t']>(t: T) => Promise<Extract<ViewerMessage, { t: T }>[]>;
}

export interface ViewerOptions extends BrowserContextOptions {
  hello?: Partial<Hello>;
  /** What the browser says that it runs on. */
  platform?: string;
}

/** Tests with one browser, which shows live pages of one peer. */
export const test = base
  .extend('browser', { scope: 'file' }, async ({}, { onCleanup }): Promise<Browser> => {
    const browser = await openViewingBrowser();
    onCleanup(() => browser.close());
    return browser;
  })
  .extend('server', { scope: 'file' }, async ({}, { onCleanup }): Promise<LivePeer> => {
    const server = await openLivePeer();
    onCleanup(() => server[Symbol.asyncDispose]());
    return server;
  })
  /** Draws pictures of one color. */
  .extend('paint', { scope: 'file' }, async ({ browser }) => {
    const source = await browser.newPage({ viewport: { width: 640, height: 360 } });
    const paint = async (color: string) => {
      await source.setContent(`<body style="background:${color}">`);
      return source.screenshot({ type: 'jpeg' });
    };
    const painted = new Map<string, Promise<Buffer>>();
    let last: Promise<unknown> = Promise.resolve();
    return (color: string): Promise<Buffer> => {
      const known = painted.get(color);
      if (known) return known;
      const picture = last.then(() => paint(color));
      last = picture;
      painted.set(color, picture);
      return picture;
    };
  })
  /** Windows that tests are done with: making one takes longer than most tests. */
  .extend('windows', { scope: 'file' }, () => new Map<string, Page[]>())
  .extend('open', async ({ browser, windows, server, paint }, { onCleanup }) => {
    return async ({ hello, ...options }: ViewerOptions = {}): Promise<Viewer> => {
      const kind = JSON.stringify(options);
      const free = windows.get(kind) ?? [];
      windows.set(kind, free);
      const page = free.pop() ?? (await openWindow(browser, options));
      onCleanup(async () => {
        await leave(page);
        free.push(page);
      });
      const token = `token.${marks++}`;
      await page.goto(`${server.page}#token=${token}`);
      const peer = await server.joined(token);
      peer.say({ ...HELLO, ...hello }, TABS, YOU_DRIVE);
      peer.show({ image: await paint('white'), turn: 1, seq: 1 });
      await peer.heard('ack');
      return { page, peer, at: (x, y) => placeOf(page, x, y), said: (t) => said(page, peer, t) };
    };
  });

const VIEWPORT = { width: 1000, height: 700 };

async function openWindow(
  browser: Browser,
  { platform, ...options }: Omit<ViewerOptions, 'hello'>,
): Promise<Page> {
  const context = await browser.newContext({ viewport: VIEWPORT, ...options });
  const page = await context.newPage();
  if (platform !== undefined) {
    const value = JSON.stringify(platform);
    await page.addInitScript(`Object.defineProperty(navigator, 'platform', { value: ${value} })`);
  }
  return page;
}

/** Leaves a window as a new one is. */
async function leave(page: Page): Promise<void> {
  await page.goto('about:blank');
  await page.mouse.move(0, 0);
}

/** A finger on the window. */
interface Finger {
  x: number;
  y: number;
  id: number;
}

/** Puts fingers on the window, which Playwright does with one at most: all that are down then. */
export async function touchOf({ page }: Pick<Viewer, 'page'>) {
  const session = await page.context().newCDPSession(page);
  return (type: 'touchStart' | 'touchMove' | 'touchEnd', ...touchPoints: Finger[]) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints });
}

/** The color in the middle of the picture, each part 0 or 1. */
export function middleColor(page: Page): Promise<number[]> {
  return page.evaluate(`(() => {
    const canvas = document.querySelector('canvas');
    const { data } = canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1);
    return [...data.slice(0, 3)].map((part) => Math.round(part / 255));
  })()`);
}

async function placeOf(page: Page, x: number, y: number): Promise<[number, number]> {
  const box = await page.locator('canvas').boundingBox();
  if (!box) throw new Error('there is no picture');
  return [box.x + (x * box.width) / 1280, box.y + (y * box.height) / 720];
}

async function said<T extends ViewerMessage['t']>(page: Page, peer: Peer, t: T) {
  // What waits for the next frame is sent then.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done)))');
  // A picture that is out of date changes nothing, and is acknowledged like any other.
  const seq = 1_000_000 + marks++;
  peer.show({ image: Buffer.alloc(1), turn: OUTDATED, seq });
  await eventually(() => {
    if (!peer.said.some((one) => one.t === 'ack' && one.seq === seq)) throw new Error('no ack yet');
  }, SOON);
  return peer.said.filter((one): one is Extract<ViewerMessage, { t: T }> => one.t === t);
}
