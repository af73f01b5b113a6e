import { execFile } from 'node:child_process';
import { access, readFile, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';
import { joinParts } from '../../../src/runtime-manager/recording/join/join-parts.ts';
import { readVideo } from '../../../src/runtime-manager/recording/join/read-video.ts';
import type { PartFile } from '../../../src/runtime-manager/recording/join/write-joined.ts';
import { playVideo } from '../../support/played-video.ts';
import { RecordedPage } from '../../support/recorded-page.ts';

const run = promisify(execFile);
/** A picture is recorded within this time after the page has changed. */
const SEEN_MS = 500;
const [RED, LIME, BLUE, YELLOW] = ['100', '010', '001', '110'];
/** What Chromium writes before there is a picture. */
const EMPTY_BYTES = 36;

/** How long a file is by its index, in ms. */
async function probe(path: string): Promise<number> {
  const ffprobe = join(dirname(inject('ffmpegPath')), 'ffprobe');
  const asked = ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', path];
  return Number((await run(ffprobe, asked)).stdout) * 1000;
}

test('parts become one video, which shows at each time what the tab showed', async () => {
  const recorded = await RecordedPage.open();
  await recorded.animate();
  await recorded.show('red');
  const first = await recorded.record();
  await delay(2 * SEEN_MS);
  // The next one begins before the first ends, and something happens meanwhile.
  const second = await recorded.record();
  const lime = await recorded.show('lime');
  await delay(SEEN_MS);
  const parts = [await first.stop()];
  const stillLime = recorded.nowMs;
  await delay(SEEN_MS);
  parts.push(await second.stop());
  // Nothing is recorded, while the page changes and its window is resized.
  await recorded.show('blue');
  await recorded.page.setViewport({ width: 800, height: 600 });
  await delay(2 * SEEN_MS);
  const third = await recorded.record();
  await delay(2 * SEEN_MS);
  const yellow = await recorded.show('yellow');
  await delay(2 * SEEN_MS);
  parts.push(await third.stop());

  const joined = recorded.path('joined.mp4');
  const [begun, before, after] = threeOf(parts);
  const { startMs } = begun;
  const facts = await joinParts(parts, joined);
  const wallMs = after.endMs - startMs;
  expect(facts).toMatchObject({ width: 640, height: 360 });
  expect(Math.abs((facts?.durationMs ?? 0) - wallMs)).toBeLessThan(200);
  expect(await readVideo(joined)).toEqual(facts);
  if (inject('ffmpegPath') !== '') {
    expect(Math.abs((await probe(joined)) - wallMs)).toBeLessThan(200);
  }
  const times = [0, lime + SEEN_MS, stillLime, before.endMs + SEEN_MS, after.startMs + SEEN_MS];
  times.push(yellow + SEEN_MS, after.endMs - 50, lime - SEEN_MS);
  const atTimes = times.map((time) => Math.max(0, time - startMs));
  const { shown, durationMs } = await playVideo(recorded.page, joined, atTimes);
  expect(Math.abs(durationMs - wallMs)).toBeLessThan(200);
  const [small, large] = [
    { width: 640, height: 360 },
    { width: 800, height: 600 },
  ];
  expect(shown).toEqual([
    { colour: RED, ...small },
    { colour: LIME, ...small },
    { colour: LIME, ...small },
    { colour: LIME, ...small },
    { colour: BLUE, ...large },
    { colour: YELLOW, ...large },
    { colour: YELLOW, ...large },
    { colour: RED, ...small },
  ]);
});

test('what was joined may be a part again', async () => {
  const recorded = await RecordedPage.open();
  const parts = [];
  for (const colour of ['red', 'lime', 'blue']) {
    await recorded.show(colour);
    const recording = await recorded.record();
    await delay(2 * SEEN_MS);
    parts.push(await recording.stop());
  }
  const [{ startMs }, { endMs }, late] = threeOf(parts);
  const [early, all] = [recorded.path('early.mp4'), recorded.path('all.mp4')];
  await joinParts(parts.slice(0, 2), early);
  await joinParts([{ path: early, startMs, endMs }, late], all);
  const times = parts.map((part) => part.endMs - startMs - 50);
  const { shown, durationMs } = await playVideo(recorded.page, all, times);
  expect(shown.map(({ colour }) => colour)).toEqual([RED, LIME, BLUE]);
  expect(Math.abs(durationMs - (late.endMs - startMs))).toBeLessThan(200);
});

test('a file that was cut off anywhere is taken as far as it is whole', async () => {
  const recorded = await RecordedPage.open();
  await recorded.animate();
  await recorded.show('red');
  const recording = await recorded.record();
  // For more than one fragment.
  await delay(5000);
  const part = await recording.stop();
  const whole = await readFile(part.path);
  const cut = recorded.path('cut.mp4');
  await writeFile(cut, whole);
  let packets = (await readVideo(cut))?.packets ?? 0;
  expect(packets).toBeGreaterThan(20);
  const before = packets;
  for (const length of cuts(whole)) {
    await truncate(cut, length);
    const found = await readVideo(cut);
    expect(found?.packets ?? 0).toBeLessThanOrEqual(packets);
    packets = found?.packets ?? 0;
    if (found) expect(found).toMatchObject({ width: 640, height: 360 });
  }
  expect(packets).toBe(0);

  await writeFile(cut, whole.subarray(0, Math.floor(whole.length / 2)));
  const joined = recorded.path('joined.mp4');
  const facts = await joinParts([{ ...part, path: cut }], joined);
  expect(facts?.packets).toBeLessThan(before);
  const { shown, durationMs } = await playVideo(recorded.page, joined, [part.endMs - part.startMs]);
  expect(shown).toMatchObject([{ colour: RED }]);
  expect(Math.abs(durationMs - (part.endMs - part.startMs))).toBeLessThan(200);

  // A part without pictures changes nothing.
  const empty = recorded.path('empty.mp4');
  await writeFile(empty, whole.subarray(0, EMPTY_BYTES));
  const { startMs, endMs } = part;
  const parts = [
    { path: empty, startMs: startMs - 1000, endMs: startMs },
    part,
    { path: empty, startMs: endMs, endMs: endMs + 1000 },
  ];
  const all = await joinParts(parts, joined);
  expect(all?.packets).toBeGreaterThan(facts?.packets ?? Infinity);
  expect(all?.durationMs).toBeGreaterThanOrEqual(endMs - startMs + 2000);
});

test('nothing is left of what cannot be joined', async () => {
  const recorded = await RecordedPage.open();
  const recording = await recorded.record();
  const part = await recording.stop();
  const [empty, joined] = [recorded.path('empty.mp4'), recorded.path('joined.mp4')];
  await writeFile(empty, (await readFile(part.path)).subarray(0, EMPTY_BYTES));
  expect(await joinParts([{ ...part, path: empty }], joined)).toBeUndefined();
  expect(await joinParts([], joined)).toBeUndefined();
  const missing = { ...part, path: recorded.path('missing.mp4') };
  await expect(joinParts([part, missing], joined)).rejects.toThrow('ENOENT');
  await expect(joinParts([part], recorded.path('no/joined.mp4'))).rejects.toThrow('ENOENT');
  const reason = new Error('given up');
  const aborting = new AbortController();
  const aborted = joinParts([part], joined, aborting.signal);
  aborting.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  await expect(access(joined)).rejects.toThrow('ENOENT');
});

function threeOf(parts: PartFile[]): [PartFile, PartFile, PartFile] {
  const [first, second, third] = parts;
  if (!first || !second || !third) throw new Error('there are not three parts');
  return [first, second, third];
}

/** Where a file is cut: everywhere in and around the index of each fragment, and elsewhere now and then. */
function cuts(whole: Buffer): number[] {
  const found = new Set([...Array(whole.length).keys()].filter((at) => at % 9973 === 0));
  for (let at = 0; at + 8 <= whole.length; at += whole.readUInt32BE(at)) {
    for (let near = -10; near <= 300; near += 5) found.add(Math.max(0, at + near));
  }
  return [...found].filter((at) => at < whole.length).toSorted((one, other) => other - one);
}
