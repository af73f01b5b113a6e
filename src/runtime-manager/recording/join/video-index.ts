import { box, fullBox, uint32, uint32Table, type Bytes } from './boxes.ts';

/** What is kept of each picture until the index is written. */
export interface PictureTable {
  count: number;
  sizes: Uint32Array;
  durationsMs: Uint32Array;
  /** 1: a key frame. */
  keys: Uint8Array;
}

export interface IndexedVideo {
  width: number;
  height: number;
  /** The box `stsd`, which tells decoders the format. */
  format: Buffer;
  pictures: PictureTable;
  /** Where the first picture begins in the file; the others follow. */
  dataAt: number;
}

/** The index has the places of groups; a picture is found by the sizes of those before it. */
const GROUP = 32;
/** An entry of each of `stts`, `stsz` and `stss`. */
const PICTURE_BYTES_MAX = 8 + 4 + 4;
const GROUP_BYTES = 8;
const FIXED_BYTES = 1024;

const TIMES_PER_SECOND = 1000;
/** 1 as a number with 16 binary places, and with 8. */
const [ONE, LOUD] = [0x10000, 0x0100_0000];
/** Neither turned nor scaled. */
const MATRIX = uint32(ONE, 0, 0, 0, ONE, 0, 0, 0, 0x4000_0000);
const NO_LANGUAGE = 0x55c4_0000;
const [IN_THIS_FILE, IS_SHOWN, VIDEO_HEAD] = [1, 3, 1];

/** How long the index of so many pictures is at most. */
export function indexBytesMax(count: number, format: Buffer): number {
  const groups = Math.ceil(count / GROUP);
  return FIXED_BYTES + format.length + count * PICTURE_BYTES_MAX + groups * GROUP_BYTES;
}

/**
 * The box `moov` of a file with one video track: ISO/IEC 14496-12, 8.2 to 8.7. Takes the table of
 * pictures over.
 */
export function videoIndex({ width, height, format, pictures, dataAt }: IndexedVideo): Bytes {
  const { count, durationsMs } = pictures;
  const durationMs = durationsMs.subarray(0, count).reduce((sum, one) => sum + one, 0);
  const video = [
    fullBox('vmhd', VIDEO_HEAD, uint32(0, 0)),
    box('dinf', fullBox('dref', 0, uint32(1), fullBox('url ', IN_THIS_FILE))),
    box('stbl', format, ...pictureTables(pictures, dataAt)),
  ];
  const media = [
    fullBox('mdhd', 0, uint32(0, 0, TIMES_PER_SECOND, durationMs, NO_LANGUAGE)),
    fullBox('hdlr', 0, uint32(0), Buffer.from('vide'), uint32(0, 0, 0), Buffer.alloc(1)),
    box('minf', ...video),
  ];
  const track = [
    fullBox('tkhd', IS_SHOWN, ...trackHead(durationMs), uint32(width * ONE, height * ONE)),
    box('mdia', ...media),
  ];
  const movieHead = uint32(0, 0, TIMES_PER_SECOND, durationMs, ONE, LOUD, 0, 0);
  const nextTrack = uint32(0, 0, 0, 0, 0, 0, 2);
  return box('moov', fullBox('mvhd', 0, movieHead, MATRIX, nextTrack), box('trak', ...track));
}

function trackHead(durationMs: number): Buffer[] {
  return [uint32(0, 0, 1, 0, durationMs, 0, 0, 0, 0), MATRIX];
}

/** How long each picture is shown, which are key frames, and how long each is and where. */
function pictureTables(pictures: PictureTable, dataAt: number): Bytes {
  const { count, sizes } = pictures;
  return [
    ...timeTable(pictures),
    ...keyTable(pictures),
    ...fullBox('stsc', 0, groupTable(count)),
    ...placeTable(pictures, dataAt),
    ...fullBox('stsz', 0, uint32(0, count), uint32Table(sizes.subarray(0, count))),
  ];
}

/** How many pictures in a row are shown for how long. */
function timeTable({ count, durationsMs }: PictureTable): Bytes {
  const runs = new Uint32Array(2 * count);
  let end = 0;
  for (let nth = 0, same = 1; nth < count; nth++, same++) {
    if (nth + 1 < count && durationsMs[nth + 1] === durationsMs[nth]) continue;
    runs.set([same, durationsMs[nth] ?? 0], end);
    end += 2;
    same = 0;
  }
  return fullBox('stts', 0, uint32(end / 2), uint32Table(runs.subarray(0, end)));
}

function keyTable({ count, keys }: PictureTable): Bytes {
  const numbers = new Uint32Array(count);
  let end = 0;
  for (let nth = 0; nth < count; nth++) if (keys[nth] === 1) numbers[end++] = nth + 1;
  return fullBox('stss', 0, uint32(end), uint32Table(numbers.subarray(0, end)));
}

/** All groups have as many pictures, but for the last. */
function groupTable(count: number): Buffer {
  const [full, rest] = [Math.floor(count / GROUP), count % GROUP];
  const entries = [full > 0 ? [1, GROUP, 1] : [], rest > 0 ? [full + 1, rest, 1] : []].flat();
  return uint32(entries.length / 3, ...entries);
}

/** Where each group begins, in 64 bits. */
function placeTable({ count, sizes }: PictureTable, dataAt: number): Bytes {
  const groups = Math.ceil(count / GROUP);
  const places = new Uint32Array(2 * groups);
  for (let nth = 0, at = dataAt; nth < count; at += sizes[nth++] ?? 0) {
    if (nth % GROUP === 0) places.set([Math.floor(at / 2 ** 32), at % 2 ** 32], (2 * nth) / GROUP);
  }
  return fullBox('co64', 0, uint32(groups), uint32Table(places));
}
