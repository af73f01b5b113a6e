import { createRoute, z } from '@hono/zod-openapi';
import type {
  ObjectStorage,
  Recordings,
  RecordingTokens,
  RuntimeManager,
} from '../../runtime-manager/index.ts';
import { createRouter } from '../http/api-env.ts';
import { errors, IdempotencyKeyHeader, json, POST_ERRORS, requires } from '../http/openapi.ts';
import type { PublicAddress } from '../http/public-address.ts';
import { toRecordingBody, toRecordingEmbed } from '../http/recording-answers.ts';
import {
  answerVideo,
  tabIn,
  VIDEO,
  VIDEO_ERRORS,
  VideoFile,
  VideoQuery,
} from '../http/video-content.ts';
import { paging } from '../schemas/paging.ts';
import {
  MarkQuery,
  RecordingBody,
  RecordingEmbed,
  RecordingList,
  RecordingMarks,
  RecordingSummary,
  toMarkBody,
  toRecordingSummary,
} from '../schemas/recording.ts';
import { EXAMPLE_ID } from '../schemas/example-id.ts';

const common = { tags: ['Recordings'] };
const ONE = '/v1/recordings/{recordingId}';

const RecordingPath = z.object({
  recordingId: z.uuid().openapi({ description: "The recording's id.", example: EXAMPLE_ID }),
});

const list = createRoute({
  ...common,
  ...requires('runtimes:read'),
  operationId: 'recordings-list',
  method: 'get',
  path: '/v1/recordings',
  summary: 'List recordings of all workspaces, newest first',
  description:
    'Returns the recordings of all workspaces that the key can access. A recording remains when the record of its runtime is deleted.',
  request: { query: z.strictObject(paging) },
  responses: { 200: json(RecordingList, 'A page of recordings'), ...errors() },
});

const getOne = createRoute({
  ...common,
  ...requires('runtimes:read'),
  operationId: 'recordings-get',
  method: 'get',
  path: ONE,
  summary: 'Get a recording',
  description:
    'Returns the recording and its tabs. To get the video of a tab, use `GET /v1/recordings/{recordingId}/{file}`.',
  request: { params: RecordingPath },
  responses: { 200: json(RecordingBody, 'The recording'), ...errors('recording.not_found') },
});

const marks = createRoute({
  ...common,
  ...requires('runtimes:read'),
  operationId: 'recordings-marks',
  method: 'get',
  path: `${ONE}/marks`,
  summary: 'List the index of a recording',
  description:
    'Returns what happened, and at which time of the recording. To get the next page, repeat the request with `next` as `after`.',
  request: { params: RecordingPath, query: MarkQuery },
  responses: { 200: json(RecordingMarks, 'A page of the index'), ...errors('recording.not_found') },
});

const embedOne = createRoute({
  ...common,
  ...requires('runtimes:connect'),
  operationId: 'recordings-embed',
  method: 'post',
  path: `${ONE}/embed`,
  summary: 'Get the URL of a page that plays a recording',
  description:
    'Returns a URL to open, or to embed in your own page. Anyone who has it can watch the recording until `expiresAt`.',
  parameters: [IdempotencyKeyHeader],
  request: { params: RecordingPath },
  responses: {
    200: json(RecordingEmbed, 'The URL, with its credential'),
    ...errors(...POST_ERRORS, 'recording.not_found'),
  },
});

const videoOfOne = createRoute({
  ...common,
  ...requires('runtimes:connect'),
  operationId: 'recordings-video',
  method: 'get',
  path: `${ONE}/{file}`,
  summary: 'Get the video of a tab of a recording',
  description:
    'Returns the video once the recording is `ready`; until then, the response is 409 `recording.not_ready`. Supports `Range`.',
  request: { params: RecordingPath.extend({ file: VideoFile }), query: VideoQuery },
  responses: { ...VIDEO, ...errors(...VIDEO_ERRORS) },
});

const remove = createRoute({
  ...common,
  ...requires('runtimes:write'),
  operationId: 'recordings-delete',
  method: 'delete',
  path: ONE,
  summary: 'Delete a recording',
  description:
    'Deletes the recording and its videos, and returns it. While its runtime is running, the request is rejected with 409 `recording.active`.',
  request: { params: RecordingPath },
  responses: {
    200: json(RecordingSummary, 'The deleted recording'),
    ...errors('recording.not_found', 'recording.active'),
  },
});

export interface RecordingRouteParts {
  runtimes: RuntimeManager;
  recordings: Recordings;
  recordingTokens: RecordingTokens;
  storage: Pick<ObjectStorage, 'get'>;
  addressOf: PublicAddress;
}

export function recordingRoutes(parts: RecordingRouteParts) {
  const { recordings } = parts;
  return createRouter()
    .openapi(list, async (c) => {
      const { cursor, limit } = c.req.valid('query');
      const { items, nextCursor } = await recordings.list(c.var.actor, { cursor, limit });
      return c.json({ recordings: items.map(toRecordingSummary), nextCursor }, 200);
    })
    .openapi(getOne, async (c) => {
      const { recordingId } = c.req.valid('param');
      return c.json(
        await toRecordingBody(recordings, await recordings.get(c.var.actor, recordingId)),
        200,
      );
    })
    .openapi(marks, async (c) => {
      const recording = await recordings.get(c.var.actor, c.req.valid('param').recordingId);
      const { after, limit } = c.req.valid('query');
      const found = await recordings.marks(recording, { after, limit });
      const next = found.length === limit ? found.at(-1)?.id : undefined;
      return c.json({ marks: found.map(toMarkBody), ...(next !== undefined && { next }) }, 200);
    })
    .openapi(embedOne, async (c) => {
      const recording = await recordings.get(c.var.actor, c.req.valid('param').recordingId);
      return c.json(await toRecordingEmbed(c, parts, recording), 200);
    })
    .openapi(videoOfOne, async (c) => {
      const { file, recordingId } = c.req.valid('param');
      const recording = await recordings.get(c.var.actor, recordingId);
      const { codec } = c.req.valid('query');
      return answerVideo(c, parts, await recordings.video(recording, tabIn(file)), codec);
    })
    .openapi(remove, async (c) => {
      const { recordingId } = c.req.valid('param');
      return c.json(toRecordingSummary(await recordings.delete(c.var.actor, recordingId)), 200);
    });
}
