import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { DRIVERS } from '../../support/drivers.ts';
import { seenIn, tabOf, timeIn, whenReady } from '../../support/recordings.ts';
import { openSite } from '../../support/site.ts';
import { test } from '../../support/test.ts';

/** Each color a bit. */
const [RED, BLUE] = ['100', '001'];
const REDDENING = `<title>shop</title><body style="background:#f00"><button style="position:fixed;inset:0 50% 50% 0" onclick="document.body.style.background='#00f'">go</button>`;

test.for(Object.keys(DRIVERS))(
  'what %s does is seen in the video',
  async (name, { service, workspace }) => {
    const runtime = await workspace.create({ recording: true });
    const path = `${workspace.runtimes}/${runtime.id}`;
    const address = await openSite(REDDENING);
    const driven = await DRIVERS[name]?.(runtime.connection, address);
    if (!driven) throw new Error('no such driver');
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
