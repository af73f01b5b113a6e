import { open } from 'node:fs/promises';
import { findBox, HEAD_BYTES, readBoxes } from './boxes.ts';

const PATH = ['trak', 'mdia', 'minf', 'stbl', 'stsd'];

/** The box that tells decoders the format of an MP4's only track. Throws when there is none. */
export async function readFormat(path: string): Promise<Buffer> {
  await using file = await open(path, 'r');
  for await (const { name, at, size } of readBoxes(file)) {
    if (name !== 'moov') continue;
    const { buffer } = await file.read(Buffer.alloc(size), { position: at });
    const found = PATH.reduce<Buffer | undefined>(
      (outer, inner) => outer && findBox(outer.subarray(HEAD_BYTES), inner),
      buffer,
    );
    if (found) return Buffer.from(found);
  }
  throw new Error('the video does not tell its format');
}
