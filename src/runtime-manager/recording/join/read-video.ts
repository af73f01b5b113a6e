import { openVideo } from './video-file.ts';

/** What a video's file holds, as far as it is whole. */
export interface VideoFacts {
  /** Of the first picture, in pixels. */
  width: number;
  height: number;
  /** How many pictures. */
  packets: number;
  /** When the last picture ends, as far as the file knows. */
  durationMs: number;
}

/**
 * Reads what an MP4 file holds. Of a file that was cut off, this is what lies before the cut;
 * undefined: there is no whole picture in it. Throws when the file cannot be read.
 */
export async function readVideo(path: string): Promise<VideoFacts | undefined> {
  using video = await openVideo(path);
  if (!video) return undefined;
  let count = 0;
  let end = 0;
  // With their data, which alone tells whether they are whole.
  for await (const { timestamp, duration } of video.packets.packets()) {
    count++;
    end = timestamp + duration;
  }
  if (count === 0) return undefined;
  const { track } = video;
  const [width, height] = [await track.getCodedWidth(), await track.getCodedHeight()];
  return { width, height, packets: count, durationMs: Math.round(end * 1000) };
}
