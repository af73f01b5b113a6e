import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ObjectStorage, Recordings } from '../../runtime-manager/index.ts';
import type { RecordingPart } from '../../runtime-manager/runtime/index.ts';
import type { ApiEnv } from './api-env.ts';
import { answerBytes } from './file-content.ts';
import { json, RETRY_AFTER } from './openapi.ts';

/** The last part of a video's path. */
export const VideoFile = z
  .string()
  .openapi({ description: 'The id of a tab, followed by `.mp4`.', example: 'A1B2C3.mp4' });
const CODECS = ['av1', 'h264'] as const;
type Codec = (typeof CODECS)[number];
export const VideoQuery = z.strictObject({
  codec: z.enum(CODECS).default('av1').openapi({
    description:
      '`h264` is for players that cannot decode AV1. The first request starts the conversion, and returns 202.',
  }),
});

const Converting = z
  .object({ status: z.literal('converting') })
  .openapi('RecordingConverting', { description: 'The video is being converted.' });
/** It is not worth asking again before. */
const RETRY_AFTER_S = '2';

/** What a request for a video is answered with, and with what it fails. */
export const VIDEO = {
  200: {
    description: 'The video, in MP4',
    content: { 'video/mp4': { schema: z.string().openapi({ format: 'binary' }) } },
  },
  202: {
    ...json(
      Converting,
      'The video is being converted to H.264: repeat the request after `Retry-After`',
    ),
    headers: RETRY_AFTER,
  },
  206: { description: 'The requested part of the video' },
  304: { description: 'The video has not changed' },
};
export const VIDEO_ERRORS = [
  'recording.not_found',
  'recording.not_ready',
  'recording.expired',
  'recording.codec_unavailable',
  'recording.conversion_failed',
  'request.range_not_satisfiable',
] as const;

/** The id of the tab whose video is asked for. */
export function tabIn(file: string): string {
  return file.replace(/\.mp4$/, '');
}

/** A video never changes: another one has another id. */
const CACHED = 'private, max-age=3600, immutable';

export interface VideoParts {
  recordings: Pick<Recordings, 'h264'>;
  storage: Pick<ObjectStorage, 'get'>;
}

/**
 * Answers with a video, or what a range or a condition asks for; or that the video is being made.
 * Throws as `answerBytes` and `Recordings.h264`.
 */
export async function answerVideo(
  c: Context<ApiEnv>,
  { recordings, storage }: VideoParts,
  part: RecordingPart,
  codec: Codec,
): Promise<Response> {
  const video = codec === 'av1' ? part : await recordings.h264(part);
  if (!video) {
    const headers = { 'retry-after': RETRY_AFTER_S, 'cache-control': 'no-store' };
    return c.json({ status: 'converting' }, 202, headers);
  }
  const { key, sizeBytes } = video;
  const headers = { 'content-type': 'video/mp4', 'cache-control': CACHED };
  const etag = codec === 'av1' ? `"${part.id}"` : `"${part.id}.${codec}"`;
  return answerBytes(c, { sizeBytes, etag, headers }, (range) => storage.get(key, range));
}
