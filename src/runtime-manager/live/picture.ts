import { PICTURE_HEADER_BYTES } from './messages.ts';

const SEQ_MAX = 2 ** 32;
let lastSeq = 0;

/** What is shown of a page. */
export interface PictureFacts {
  /** Of the page, in CSS pixels. */
  width: number;
  height: number;
  takenAtMs: number;
  isSharp: boolean;
  /** Of the tab that it shows. */
  turn: number;
}

/** A picture as viewers get it, the same bytes for all of them. */
export interface Picture extends PictureFacts {
  /** Pictures of one process have growing numbers. */
  seq: number;
  packet: Buffer;
}

/** `image` is a JPEG or a WebP. */
export function toPicture(facts: PictureFacts, image: Buffer): Picture {
  lastSeq = (lastSeq + 1) % SEQ_MAX;
  return { ...facts, seq: lastSeq, packet: packetOf({ ...facts, seq: lastSeq }, image) };
}

export function packetOf(facts: PictureFacts & { seq: number }, image: Buffer): Buffer {
  const header = Buffer.alloc(PICTURE_HEADER_BYTES);
  header.writeUInt8(1, 0);
  header.writeUInt8(facts.isSharp ? 1 : 0, 1);
  header.writeUInt16LE(facts.width, 2);
  header.writeUInt16LE(facts.height, 4);
  header.writeUInt16LE(facts.turn, 6);
  header.writeUInt32LE(facts.seq, 8);
  header.writeDoubleLE(facts.takenAtMs, 16);
  return Buffer.concat([header, image]);
}
