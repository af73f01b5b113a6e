import { PICTURE_HEADER_BYTES } from './messages.ts';

export interface Picture {
  width: number;
  height: number;
  takenAtMs: number;
  isSharp: boolean;
  image: Buffer;
}

export function pictureHeader(
  { width, height, takenAtMs, isSharp }: Omit<Picture, 'image'>,
  { turn, seq }: { turn: number; seq: number },
): Buffer {
  const header = Buffer.alloc(PICTURE_HEADER_BYTES);
  header.writeUInt8(1, 0);
  header.writeUInt8(isSharp ? 1 : 0, 1);
  header.writeUInt16LE(width, 2);
  header.writeUInt16LE(height, 4);
  header.writeUInt16LE(turn, 6);
  header.writeUInt32LE(seq, 8);
  header.writeDoubleLE(takenAtMs, 16);
  return header;
}
