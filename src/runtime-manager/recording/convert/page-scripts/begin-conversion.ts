import type * as Library from 'mediabunny';
import type { Asked } from './open-channel.ts';

declare global {
  /** The library's own script makes it. */
  var Mediabunny: typeof Library;
}

/** Begins to make H.264 of a video of `sizeBytes`, which the service reads, and writes the result. */
export function beginConversion(sizeBytes: number): void {
  const PIECE_BYTES = 1024 * 1024;
  const CHARACTERS_AT_ONCE = 0x8000;
  const library = globalThis.Mediabunny;

  async function read(start: number, end: number): Promise<Uint8Array> {
    const data = await globalThis.askService({ kind: 'read', start, end });
    return Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  }

  async function write({ data }: Library.StreamTargetChunk): Promise<void> {
    let text = '';
    for (let at = 0; at < data.length; at += CHARACTERS_AT_ONCE) {
      text += String.fromCharCode(...data.subarray(at, at + CHARACTERS_AT_ONCE));
    }
    await globalThis.askService({ kind: 'write', data: btoa(text) });
  }

  /** H.264 has the colours of pairs of pixels only. */
  function even(length: number): number {
    return length + (length % 2);
  }

  async function convert(): Promise<Asked> {
    const source = new library.CustomSource({ getSize: () => sizeBytes, read });
    const input = new library.Input({ formats: [new library.Mp4InputFormat()], source });
    const track = await input.getPrimaryVideoTrack();
    if (!track) throw new Error('there is no video in the file');
    const pieces = { chunked: true, chunkSize: PIECE_BYTES };
    const target = new library.StreamTarget(new WritableStream({ write }), pieces);
    // The only format that is written from front to back, and not kept in memory.
    const format = new library.Mp4OutputFormat({ fastStart: 'fragmented' });
    const output = new library.Output({ format, target });
    const width = even(await track.getDisplayWidth());
    const height = even(await track.getDisplayHeight());
    // Pictures of another size get borders: the window was resized before them.
    const video = { codec: 'avc', width, height, fit: 'contain' } as const;
    const conversion = await library.Conversion.init({ input, output, video, showWarnings: false });
    if (!conversion.isValid) return { kind: 'unsupported' };
    await conversion.execute();
    return { kind: 'done', durationMs: (await track.computeDuration()) * 1000 };
  }

  const failed = (error: unknown): Asked => ({ kind: 'failed', message: String(error) });
  void convert().catch(failed).then(globalThis.askService);
}
