import { rm } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import type { VideoFacts } from './read-video.ts';
import type { PartFile } from './write-joined.ts';

const WORKER = new URL('./join-worker.ts', import.meta.url);
const NEVER = new AbortController().signal;

const Facts = z
  .object({
    width: z.number(),
    height: z.number(),
    packets: z.number(),
    durationMs: z.number(),
  })
  .optional();

/**
 * Joins the videos of one tab, which are in order of time, to one MP4, without encoding anew. It
 * lasts from the start of the first part to the end of the last. Where parts overlap, the later one
 * counts; where there is nothing between them, the last picture is shown. What this writes may be a
 * part again.
 *
 * Works in a thread of its own: the index of a long video takes longer than others should wait.
 *
 * Resolves with undefined, and leaves no file, when there is not one whole picture. Throws when
 * files cannot be read or written, and what `signal` aborts with; then it leaves no file either.
 */
export async function joinParts(
  parts: readonly PartFile[],
  output: string,
  signal = NEVER,
): Promise<VideoFacts | undefined> {
  signal.throwIfAborted();
  const worker = new Worker(WORKER, { workerData: { parts, output } });
  try {
    return Facts.parse(await answerOf(worker, signal));
  } catch (error) {
    await worker.terminate();
    await rm(output, { force: true });
    throw error;
  }
}

async function answerOf(worker: Worker, signal: AbortSignal): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', () => reject(new Error('the thread that joins videos has ended')));
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
