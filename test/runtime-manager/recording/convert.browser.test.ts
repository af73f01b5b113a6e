import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { Browser } from '../../../src/runtime-manager/browser/browser.ts';
import { Launcher } from '../../../src/runtime-manager/machine/launcher.ts';
import { VideoConverter } from '../../../src/runtime-manager/recording/convert/video-converter.ts';
import { readFormat } from '../../../src/runtime-manager/recording/join/format.ts';
import { joinParts } from '../../../src/runtime-manager/recording/join/join-parts.ts';
import { playVideo } from '../../support/played-video.ts';
import { RecordedPage } from '../../support/recorded-page.ts';
import { openGates } from '../../support/uninspected.ts';

const [RED, LIME, BLUE] = ['100', '010', '001'];
const SHOWN_MS = 1000;

type Launch = Pick<Launcher, 'launch'>;

/** Launches browsers in jails, as the service does. */
async function openLauncher(): Promise<Launcher> {
  const { settings, egress } = await openGates();
  const launcher = new Launcher({
    settings,
    egress,
    chromedriverPath: undefined,
    ffmpegPath: undefined,
  });
  onTestFinished(() => launcher.endAll());
  return launcher;
}

/** Does something to the page of each browser before anything is converted there. */
function preparing(launcher: Launcher, prepare: (browser: Browser) => Promise<void>): Launch {
  return {
    launch: async (identity, signal) => {
      const launched = await launcher.launch(identity, signal);
      await prepare(launched.browser);
      return launched;
    },
  };
}

/** A video of three colours, each for a second; the window is resized after the first. */
async function recordColours() {
  const recorded = await RecordedPage.open();
  await recorded.animate();
  const parts = [];
  for (const colour of ['red', 'lime', 'blue']) {
    await recorded.show(colour);
    const recording = await recorded.record();
    await delay(SHOWN_MS);
    parts.push(await recording.stop());
    await recorded.page.setViewport({ width: 800, height: 600 });
  }
  const path = recorded.path('joined.mp4');
  const facts = await joinParts(parts, path);
  if (!facts) throw new Error('nothing was recorded');
  const [first] = parts;
  const timesMs = parts.map(({ endMs }) => endMs - (first?.startMs ?? 0) - 50);
  return { recorded, path, facts, timesMs };
}

const atOnce = <T>(work: () => Promise<T>) => work();

test('a recording becomes H.264 of the same length, with the same pictures', async () => {
  const { recorded, path, facts, timesMs } = await recordColours();
  const launcher = await openLauncher();
  const converter = new VideoConverter(launcher);
  const output = recorded.path('converted.mp4');
  let admitted = 0;
  const files = () => readdir(dirname(output));
  const admit = async <T>(work: () => Promise<T>) => {
    const before = await files();
    const launched = await work();
    admitted++;
    expect([...launcher.running]).toHaveLength(1);
    // What comes now holds up no launches.
    expect(await files()).toEqual(before);
    return launched;
  };
  const converted = await converter.convertToH264(path, output, admit);
  expect(admitted).toBe(1);
  expect([...launcher.running]).toEqual([]);
  expect(String(await readFormat(output))).toContain('avc1');
  expect(converted).toEqual(facts);
  const { shown } = await playVideo(recorded.page, output, timesMs);
  const size = { width: 640, height: 360 };
  expect(shown).toEqual([
    { colour: RED, ...size },
    { colour: LIME, ...size },
    { colour: BLUE, ...size },
  ]);
  expect(await files()).toEqual(expect.not.arrayContaining([expect.stringContaining('fragments')]));
});

test('conversions take turns, and nothing is left of one that is given up', async () => {
  const { recorded, path } = await recordColours();
  const launcher = await openLauncher();
  const aborting = new AbortController();
  const reason = new Error('given up');
  let launched = 0;
  const converter = new VideoConverter(
    preparing(launcher, async () => {
      launched++;
      expect([...launcher.running]).toHaveLength(1);
      if (launched === 1) setTimeout(() => aborting.abort(reason), 100);
    }),
  );
  const [first, second] = [recorded.path('first.mp4'), recorded.path('second.mp4')];
  const given = converter.convertToH264(path, first, atOnce, aborting.signal);
  const kept = converter.convertToH264(path, second, atOnce);
  const never = converter.convertToH264(path, first, atOnce, AbortSignal.abort(reason));
  await expect(given).rejects.toBe(reason);
  await expect(never).rejects.toBe(reason);
  expect(await kept).toMatchObject({ width: 640, height: 360 });
  expect(launched).toBe(2);
  expect([...launcher.running]).toEqual([]);
  const left = await readdir(dirname(first));
  expect(left.filter((name) => /first|second/.test(name))).toEqual(['second.mp4']);
});

test('a Chromium without an encoder for H.264 is told apart', async () => {
  const { recorded, path } = await recordColours();
  const launcher = await openLauncher();
  const converter = new VideoConverter(
    preparing(launcher, async ({ pages }) => {
      const session = await pages.attach(pages.defaultPageId ?? '');
      await session.send('Page.enable', {});
      const source = 'VideoEncoder.isConfigSupported = async () => ({ supported: false })';
      await session.send('Page.addScriptToEvaluateOnNewDocument', { source });
    }),
  );
  const output = recorded.path('converted.mp4');
  const converted = converter.convertToH264(path, output, atOnce);
  await expect(converted).rejects.toMatchObject({ reason: 'unsupported' });
  expect([...launcher.running]).toEqual([]);
});

test('a conversion fails with its page, and with what is no video', async () => {
  const { recorded, path } = await recordColours();
  const launcher = await openLauncher();
  const output = recorded.path('converted.mp4');
  const crashing = new VideoConverter(
    preparing(launcher, async ({ pages }) => {
      const session = await pages.attach(pages.defaultPageId ?? '');
      await session.send('Page.enable', {});
      const crash = () => session.send('Page.crash', {}).catch(() => undefined);
      session.on('Page.loadEventFired', () => setTimeout(() => void crash(), 100));
    }),
  );
  const crashed = crashing.convertToH264(path, output, atOnce);
  await expect(crashed).rejects.toMatchObject({ reason: 'failed' });
  const converter = new VideoConverter(launcher);
  const script = new URL(import.meta.url).pathname;
  const refused = converter.convertToH264(script, output, atOnce);
  await expect(refused).rejects.toMatchObject({ reason: 'failed' });
  expect([...launcher.running]).toEqual([]);
});
