import { setTimeout as delay } from 'node:timers/promises';
import { localBrowser, Stagehand } from '@browserbasehq/stagehand';
import { expect } from 'vitest';
import { DRIVERS, type ConnectionUrls, type Driven } from '../../support/drivers.ts';
import { modelStandIn } from '../../support/model-stand-in.ts';
import { seenIn, tabOf, timeIn, whenReady } from '../../support/recordings.ts';
import { openSite } from '../../support/site.ts';
import { test } from '../../support/test.ts';

/** Each color a bit. */
const [RED, BLUE] = ['100', '001'];
const REDDENING = `<title>shop</title><body style="background:#f00"><button style="position:fixed;inset:0 50% 50% 0" onclick="document.body.style.background='#00f'">go</button>`;

type Clicking = Pick<Driven, 'click' | typeof Symbol.asyncDispose>;
const RECORDED: Record<string, (urls: ConnectionUrls, url: string) => Promise<Clicking>> = {
  ...DRIVERS,
  Stagehand: driveStagehand,
};

/** Stagehand acts as a model says, on a page that it opens. */
async function driveStagehand({ cdpUrl }: ConnectionUrls, url: string): Promise<Clicking> {
  const browser = await localBrowser.connect({ cdpUrl });
  const stagehand = await Stagehand.create({
    browser,
    model: modelStandIn,
    logging: { level: 'error' },
  });
  const page = await browser.context.newPage();
  await page.goto(url);
  return {
    click: async (selector) => {
      const { data } = await stagehand.act(`click the go ${selector}`);
      expect(data).toMatchObject({ success: true });
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

test.for(Object.entries(RECORDED))(
  'what %s does is seen in the video',
  async ([, drive], { service, workspace }) => {
    const runtime = await workspace.create({ recording: true });
    const path = `${workspace.runtimes}/${runtime.id}`;
    const driven = await drive(runtime.connection, await openSite(REDDENING));
    await delay(1500);
    const before = Date.now() - 100;
    await driven.click('button');
    await delay(1500);
    const after = Date.now();
    await driven[Symbol.asyncDispose]();
    await workspace.stop(runtime.id);
    const recording = await whenReady(service.call, path);
    const tab = tabOf(recording, 'shop');
    const times = [before, after].map((at) => timeIn(recording, at));
    const seen = await seenIn(service, path, tab, times);
    expect(seen.colours).toEqual([RED, BLUE]);
    expect(Math.abs(seen.durationMs - (tab.endMs - tab.startMs))).toBeLessThan(200);
  },
);
