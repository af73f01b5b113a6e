import { expect, test } from 'vitest';
import { findBox, HEAD_BYTES, uint32 } from '../../../src/runtime-manager/recording/join/boxes.ts';
import {
  indexBytesMax,
  videoIndex,
} from '../../../src/runtime-manager/recording/join/video-index.ts';

const FORMAT = Buffer.concat([uint32(8), Buffer.from('stsd')]);
const PICTURE_BYTES = 100_000_000;

/** What a table of the index says, after its version. */
function tableOf(index: Buffer, name: string): number[] {
  const path = ['moov', 'trak', 'mdia', 'minf', 'stbl', name];
  const box = path.reduce(
    (outer, inner) => findBox(outer, inner)?.subarray(HEAD_BYTES) ?? Buffer.alloc(0),
    index,
  );
  const values = Array.from({ length: box.length / 4 }, (_, nth) => box.readUInt32BE(4 * nth));
  return values.slice(1);
}

test('the index finds the pictures of a file that 32 bits do not measure', () => {
  const count = 70;
  const pictures = {
    count,
    sizes: new Uint32Array(count).fill(PICTURE_BYTES),
    durationsMs: Uint32Array.from({ length: count }, (_, nth) => (nth < 69 ? 100 : 5000)),
    keys: Uint8Array.from({ length: count }, (_, nth) => (nth % 20 === 0 ? 1 : 0)),
  };
  const video = { width: 1280, height: 720, format: FORMAT, pictures, dataAt: 1000 };
  const index = Buffer.concat([...videoIndex(video)]);
  expect(index.length).toBeLessThanOrEqual(indexBytesMax(count, FORMAT));
  expect(tableOf(index, 'stts')).toEqual([2, 69, 100, 1, 5000]);
  expect(tableOf(index, 'stss')).toEqual([4, 1, 21, 41, 61]);
  // 32 pictures each, and 6 in the third group.
  expect(tableOf(index, 'stsc')).toEqual([2, 1, 32, 1, 3, 6, 1]);
  const third = 1000 + 64 * PICTURE_BYTES;
  const places = [0, 1000, 0, 1000 + 32 * PICTURE_BYTES, 1, third - 2 ** 32];
  expect(tableOf(index, 'co64')).toEqual([3, ...places]);
  expect(tableOf(index, 'stsz')).toEqual([0, count, ...Array(count).fill(PICTURE_BYTES)]);
});

test('no index is longer than what is reserved for it', () => {
  for (const count of [1, 31, 32, 33, 1000]) {
    const pictures = {
      count,
      sizes: new Uint32Array(count).fill(1),
      // Each differs from the one before, and each is a key frame.
      durationsMs: Uint32Array.from({ length: count }, (_, nth) => nth + 1),
      keys: new Uint8Array(count).fill(1),
    };
    const video = { width: 1, height: 1, format: FORMAT, pictures, dataAt: 0 };
    const index = Buffer.concat([...videoIndex(video)]);
    expect(index.length).toBeLessThanOrEqual(indexBytesMax(count, FORMAT));
  }
});
