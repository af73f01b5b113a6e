import type { FileHandle } from 'node:fs/promises';

/** What an MP4 consists of: sizes and names, with other boxes or data in them. */
export interface Box {
  name: string;
  /** Where it begins in the file. */
  at: number;
  /** With its head. */
  size: number;
}

/** The size of a box, and its name. */
export const HEAD_BYTES = 8;
const LARGE_BYTES = 8;
/** This size says that the real one is behind the name. */
const IS_LARGE = 1;

/** The boxes of a file; the last one may end behind the file's end. */
export async function* readBoxes(file: FileHandle): AsyncGenerator<Box> {
  const head = Buffer.alloc(HEAD_BYTES + LARGE_BYTES);
  for (let at = 0; ;) {
    const { bytesRead } = await file.read(head, { position: at });
    if (bytesRead < HEAD_BYTES) return;
    const small = head.readUInt32BE(0);
    const size = small === IS_LARGE ? Number(head.readBigUInt64BE(HEAD_BYTES)) : small;
    if (size < HEAD_BYTES) return;
    yield { name: head.toString('latin1', 4, HEAD_BYTES), at, size };
    at += size;
  }
}

/** The first box with this name among those in `content`, with its head. */
export function findBox(content: Buffer, name: string): Buffer | undefined {
  for (let at = 0; at + HEAD_BYTES <= content.length;) {
    const size = content.readUInt32BE(at);
    if (size < HEAD_BYTES) return undefined;
    if (content.toString('latin1', at + 4, at + HEAD_BYTES) === name) {
      return content.subarray(at, at + size);
    }
    at += size;
  }
  return undefined;
}

/** What a file is written from, one after the other: a large index is not copied into its boxes. */
export type Bytes = readonly Uint8Array[];

/** A box with this content. */
export function box(name: string, ...content: readonly (Uint8Array | Bytes)[]): Bytes {
  const bytes = content.flat();
  return [uint32(HEAD_BYTES + lengthOf(bytes)), Buffer.from(name, 'latin1'), ...bytes];
}

/** A box with a version and flags before its content. */
export function fullBox(
  name: string,
  flags: number,
  ...content: readonly (Uint8Array | Bytes)[]
): Bytes {
  return box(name, uint32(flags), ...content);
}

export function lengthOf(bytes: Bytes): number {
  return bytes.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** Numbers as MP4 has them. */
export function uint32(...values: number[]): Buffer {
  return uint32Table(Uint32Array.from(values));
}

/** The same for many; takes over the memory of `values`. */
export function uint32Table({ buffer, byteOffset, byteLength }: Uint32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength).swap32();
}
