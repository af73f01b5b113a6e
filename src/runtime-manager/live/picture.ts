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

/** `base64` is a JPEG or a WebP, as Chromium sends it. */
export function toPicture(facts: PictureFacts, base64: string): Picture {
  lastSeq = (lastSeq + 1) % SEQ_MAX;
  return { ...facts, seq: lastSeq, packet: packetOf({ ...facts, seq: lastSeq }, base64) };
}

/** The image is decoded into its place: it may be large. */
export function packetOf(facts: PictureFacts & { seq: number }, base64: string): Buffer {
  const packet = Buffer.alloc(PICTURE_HEADER_BYTES + Buffer.byteLength(base64, 'base64'));
  packet.writeUInt8(1, 0);
  packet.writeUInt8(facts.isSharp ? 1 : 0, 1);
  packet.writeUInt16LE(facts.width, 2);
  packet.writeUInt16LE(facts.height, 4);
  packet.writeUInt16LE(facts.turn, 6);
  packet.writeUInt32LE(facts.seq, 8);
  packet.writeDoubleLE(facts.takenAtMs, 16);
  packet.write(base64, PICTURE_HEADER_BYTES, 'base64');
  return packet;
}
