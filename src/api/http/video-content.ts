import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ObjectStorage } from '../../runtime-manager/index.ts';
import type { RecordingPart } from '../../runtime-manager/runtime/index.ts';
import type { ApiEnv } from './api-env.ts';
import { answerBytes } from './file-content.ts';

/** The last part of a video's path. */
export const VideoFile = z
  .string()
  .openapi({ description: 'The id of a tab, with `.mp4` at its end.' });
/** What a request for a video is answered with, and with what it fails. */
export const VIDEO = {
  200: {
    description: 'The video, as AV1 in MP4',
    content: { 'video/mp4': { schema: z.string().openapi({ format: 'binary' }) } },
  },
  206: { description: 'A part of it' },
  304: { description: 'Not changed' },
};
export const VIDEO_ERRORS = [
  'recording.not_found',
  'recording.not_ready',
  'recording.expired',
  'request.range_not_satisfiable',
] as const;

/** The id of the tab whose video is asked for. */
export function tabIn(file: string): string {
  return file.replace(/\.mp4$/, '');
}

/** A video never changes: another one has another id. */
const CACHED = 'private, max-age=3600, immutable';

/** Answers with a video, or what a range or a condition asks for. Throws as `answerBytes`. */
export function answerVideo(
  c: Context<ApiEnv>,
  { id, key, sizeBytes }: RecordingPart,
  storage: Pick<ObjectStorage, 'get'>,
): Promise<Response> {
  const headers = { 'content-type': 'video/mp4', 'cache-control': CACHED };
  return answerBytes(c, { sizeBytes, etag: `"${id}"`, headers }, (range) =>
    storage.get(key, range),
  );
}
