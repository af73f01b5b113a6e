import { PICTURE_HEADER_BYTES } from './messages.ts';

const SEQ_MAX = 2 ** 32;
/** A whole number of groups of four characters. */
const PIECE = 32 * 1024;
const PADDING = 61;
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

/** `base64` is a JPEG or a WebP, as Chromium sends it. */
export function toPicture(facts: PictureFacts, base64: Buffer): Picture {
  lastSeq = (lastSeq + 1) % SEQ_MAX;
  return { ...facts, seq: lastSeq, packet: packetOf({ ...facts, seq: lastSeq }, base64) };
}

/** The image is decoded into its place, a piece at a time: large strings cost more than their bytes. */
export function packetOf(facts: PictureFacts & { seq: number }, base64: Buffer): Buffer {
  const packet = Buffer.allocUnsafe(PICTURE_HEADER_BYTES + decodedBytes(base64));
  packet.fill(0, 0, PICTURE_HEADER_BYTES);
  packet.writeUInt8(1, 0);
  packet.writeUInt8(facts.isSharp ? 1 : 0, 1);
  packet.writeUInt16LE(facts.width, 2);
  packet.writeUInt16LE(facts.height, 4);
  packet.writeUInt16LE(facts.turn, 6);
  packet.writeUInt32LE(facts.seq, 8);
  packet.writeDoubleLE(facts.takenAtMs, 16);
  let at = PICTURE_HEADER_BYTES;
  for (let from = 0; from < base64.length; from += PIECE) {
    at += packet.write(base64.toString('latin1', from, from + PIECE), at, 'base64');
  }
  return packet;
}

function decodedBytes(base64: Buffer): number {
  const padding = base64.subarray(-2).filter((byte) => byte === PADDING).length;
  return (base64.length * 3) / 4 - padding;
}
