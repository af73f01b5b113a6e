import { open } from 'node:fs/promises';
import type { EncodedPacketSink, InputVideoTrack } from 'mediabunny';
import { readBoxes } from './boxes.ts';

/** A video that is being read. */
export interface OpenVideo extends Disposable {
  track: InputVideoTrack;
  packets: EncodedPacketSink;
}

/**
 * Opens an MP4 file, and reads it only up to where it was cut off. Undefined: there is no video in
 * it. Throws when the file cannot be read.
 */
export async function openVideo(path: string): Promise<OpenVideo | undefined> {
  const size = await wholeBytes(path);
  if (size === 0) return undefined;
  // It takes 20 MB and 50 ms of CPU time to load: only processes that have videos load it.
  const { EncodedPacketSink, FilePathSource, Input, Mp4InputFormat } = await import('mediabunny');
  const source = new FilePathSource(path).slice(0, size);
  using stack = new DisposableStack();
  const input = stack.use(new Input({ formats: [new Mp4InputFormat()], source }));
  const track = (await input.canRead()) ? await input.getPrimaryVideoTrack() : undefined;
  if (!track) return undefined;
  const owned = stack.move();
  const packets = new EncodedPacketSink(track);
  return { track, packets, [Symbol.dispose]: () => owned.dispose() };
}

/**
 * Up to where boxes are whole. A last one of pictures may have a part of them: the reader leaves the
 * others out, but stumbles over an index that ends early.
 */
async function wholeBytes(path: string): Promise<number> {
  await using file = await open(path, 'r');
  const { size: fileBytes } = await file.stat();
  let end = 0;
  for await (const { name, at, size } of readBoxes(file)) {
    if (at + size > fileBytes) return name === 'mdat' ? fileBytes : at;
    end = at + size;
  }
  return end;
}
