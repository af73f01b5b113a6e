import type { EncodedPacket } from 'mediabunny';
import { readFormat } from './format.ts';
import type { VideoFacts } from './read-video.ts';
import { openVideo } from './video-file.ts';
import { VideoWriter } from './video-writer.ts';

/** A piece of video of one tab, as a file. The times of all pieces are of one clock. */
export interface PartFile {
  path: string;
  startMs: number;
  /** Its last picture lasts until then, whatever the file says. */
  endMs: number;
}

/** A picture, and when it is shown, in whole ms since the first part began. */
interface TimedPacket {
  packet: EncodedPacket;
  atMs: number;
}

/**
 * Writes the pictures of all parts into one file, as they are. Pictures are streamed. The index is in
 * front: a player has it with its first request, and jumps anywhere with one more, while it would
 * have to read a file of fragments up to there. The library that reads the parts writes such a file
 * too, but takes 1 KB of memory for each picture of it.
 *
 * The parts may differ in size. The file tells that of the first; each key frame of AV1 tells its
 * own, and decoders go by that.
 *
 * Resolves with undefined, and writes nothing, when there are no pictures.
 */
export async function writeJoined(
  parts: readonly PartFile[],
  path: string,
): Promise<VideoFacts | undefined> {
  const filled = await filledParts(parts);
  const [first] = filled;
  if (!first) return undefined;
  const { width, height } = first;
  const startMs = parts[0]?.startMs ?? 0;
  const durationMs = Math.ceil((parts.at(-1)?.endMs ?? 0) - startMs);
  const countMax = filled.reduce((sum, { count }) => sum + count, 0);
  const format = await readFormat(first.path);
  await using writer = await VideoWriter.open(path, { width, height, format, countMax });
  for await (const { packet, atMs, endMs } of withEnds(packetsOf(filled, startMs), durationMs)) {
    await writer.add(packet.data, packet.type === 'key', endMs - atMs);
  }
  await writer.finish();
  return { width, height, packets: writer.count, durationMs };
}

/** The parts that have pictures, with how many there are at most. */
async function filledParts(parts: readonly PartFile[]) {
  const filled = [];
  for (const part of parts) {
    using video = await openVideo(part.path);
    if (!video) continue;
    const { track, packets } = video;
    let count = 0;
    const found = packets.packets(undefined, undefined, { metadataOnly: true });
    for await (const _ of found) count++;
    const [width, height] = [await track.getCodedWidth(), await track.getCodedHeight()];
    if (count > 0) filled.push({ ...part, count, width, height });
  }
  return filled;
}

/** Of each part what is before its end, and before the next part, which begins with a key frame. */
async function* packetsOf(
  parts: readonly PartFile[],
  startMs: number,
): AsyncGenerator<TimedPacket> {
  let lastMs: number | undefined;
  for (const [nth, part] of parts.entries()) {
    const endMs = Math.min(part.endMs, parts[nth + 1]?.startMs ?? Infinity);
    using video = await openVideo(part.path);
    if (!video) continue;
    for await (const packet of video.packets.packets()) {
      const timeMs = part.startMs + packet.timestamp * 1000;
      if (timeMs >= endMs) break;
      // The first picture is there from the beginning, and each picture is shown.
      lastMs = lastMs === undefined ? 0 : Math.max(Math.floor(timeMs - startMs), lastMs + 1);
      yield { packet, atMs: lastMs };
    }
  }
}

/** Each picture lasts until the next one, and the last one until the end. */
async function* withEnds(packets: AsyncGenerator<TimedPacket>, endMs: number) {
  let held: TimedPacket | undefined;
  for await (const next of packets) {
    if (held) yield { ...held, endMs: next.atMs };
    held = next;
  }
  if (held) yield { ...held, endMs: Math.max(endMs, held.atMs + 1) };
}
