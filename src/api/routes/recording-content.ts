import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  ticketInvalid,
  toManifest,
  type ObjectStorage,
  type Recordings,
  type RecordingTokens,
} from '../../runtime-manager/index.ts';
import { systemActor } from '../../runtime-manager/runtime/index.ts';
import { createRouter, type ApiEnv } from '../http/api-env.ts';
import { answerVideo, VideoQuery } from '../http/video-content.ts';

const BEARER = /^Bearer (\S+)$/i;
/** For so long the address of a video is good, which the player asks for anew with each manifest. */
const VIDEO_MS = 3_600_000;
const After = z
  .string()
  .regex(/^\d{1,18}\.\d{1,18}$/)
  .optional();

export interface RecordingContentParts {
  recordings: Recordings;
  recordingTokens: RecordingTokens;
  storage: Pick<ObjectStorage, 'get'>;
}

/**
 * What the player of a recording loads: with its token what there is, and at addresses that are signed
 * the videos, since a `<video>` sends no credentials of a page's own.
 */
export function recordingContentRoutes(parts: RecordingContentParts) {
  const { recordings, recordingTokens } = parts;
  return createRouter()
    .get('/embed/recording/:recordingId/manifest', async (c) => {
      const [, token = ''] = BEARER.exec(c.req.header('authorization') ?? '') ?? [];
      const recording = await recordings.get(...readToken(c, recordingTokens, token));
      const after = After.safeParse(c.req.query('after')).data;
      const content = await recordings.content(recording, after);
      const { organizationId, id: recordingId } = recording;
      const expiresAt = Date.now() + VIDEO_MS;
      c.header('cache-control', 'no-store');
      return c.json(
        toManifest(recording, content, (partId) => {
          const signed = recordingTokens.sign({ organizationId, recordingId, partId, expiresAt });
          return `parts/${partId}?token=${signed}`;
        }),
      );
    })
    .get('/embed/recording/:recordingId/parts/:partId', async (c) => {
      const partId = c.req.param('partId');
      const recording = await recordings.get(
        ...readToken(c, recordingTokens, c.req.query('token') ?? '', partId),
      );
      const { data: codec = 'av1' } = VideoQuery.shape.codec.safeParse(c.req.query('codec'));
      return answerVideo(c, parts, await recordings.part(recording, partId), codec);
    });
}

/** Whoever has the token sees the recording that it names, and nothing else. Throws as `RecordingTokens.read`. */
function readToken(c: Context<ApiEnv>, tokens: RecordingTokens, text: string, partId?: string) {
  const { organizationId, recordingId, ...token } = tokens.read(text);
  if (recordingId !== c.req.param('recordingId') || token.partId !== partId) throw ticketInvalid();
  return [systemActor(organizationId), recordingId] as const;
}
