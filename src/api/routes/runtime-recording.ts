import { createRoute, type z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { pauseRecorder, resumeRecorder } from '../../runtime-manager/index.ts';
import { createRouter, type ApiEnv } from '../http/api-env.ts';
import {
  errors,
  IdempotencyKeyHeader,
  json,
  POST_ERRORS,
  requires,
  RUNTIME_NOT_FOUND,
} from '../http/openapi.ts';
import { toRecordingBody, toRecordingEmbed } from '../http/recording-answers.ts';
import {
  answerVideo,
  tabIn,
  VIDEO,
  VIDEO_ERRORS,
  VideoFile,
  VideoQuery,
} from '../http/video-content.ts';
import { RecordingBody, RecordingEmbed, RecordingState } from '../schemas/recording.ts';
import { RuntimePath } from '../schemas/runtime.ts';
import type { RecordingRouteParts } from './recordings.ts';

const common = { tags: ['Recordings'] };
const PATH = '/v1/workspaces/{id}/runtimes/{alias}/recording';
const RECORDING_ERRORS = [...RUNTIME_NOT_FOUND, 'recording.not_found'] as const;

const embed = createRoute({
  ...common,
  ...requires('runtimes:connect'),
  operationId: 'runtimes-embed-recording',
  method: 'post',
  path: '/v1/workspaces/{id}/runtimes/{alias}/embed/recording',
  summary: 'Get the URL of a page that plays the recording of a runtime',
  description:
    'Returns a URL that plays the latest recorded run of the runtime, both during the run and afterwards. The URL is valid for 24 hours.',
  parameters: [IdempotencyKeyHeader],
  request: { params: RuntimePath },
  responses: {
    200: json(RecordingEmbed, 'The URL, with its credential'),
    ...errors(...POST_ERRORS, ...RECORDING_ERRORS),
  },
});

const get = createRoute({
  ...common,
  ...requires('runtimes:read'),
  operationId: 'runtime-recording-get',
  method: 'get',
  path: PATH,
  summary: 'Get the recording of a runtime',
  description: 'Returns the recording of the latest recorded run, and its tabs.',
  request: { params: RuntimePath },
  responses: { 200: json(RecordingBody, 'The recording'), ...errors(...RECORDING_ERRORS) },
});

const video = createRoute({
  ...common,
  ...requires('runtimes:connect'),
  operationId: 'runtime-recording-video',
  method: 'get',
  path: `${PATH}/{file}`,
  summary: 'Get the video of a tab of a runtime',
  description:
    'Returns the video once the recording is `ready`; until then, the response is 409 `recording.not_ready`. Supports `Range`.',
  request: { params: RuntimePath.extend({ file: VideoFile }), query: VideoQuery },
  responses: { ...VIDEO, ...errors(...RUNTIME_NOT_FOUND, ...VIDEO_ERRORS) },
});

const state = (verb: 'pause' | 'resume', summary: string, description: string) =>
  createRoute({
    ...common,
    ...requires('runtimes:connect'),
    operationId: `runtime-recording-${verb}`,
    method: 'post',
    path: `${PATH}/${verb}`,
    summary,
    description,
    parameters: [IdempotencyKeyHeader],
    request: { params: RuntimePath },
    responses: {
      200: json(RecordingState, 'Whether the recording is paused'),
      ...errors(...POST_ERRORS, ...RUNTIME_NOT_FOUND, 'runtime.not_active', 'runtime.unreachable'),
    },
  });
const pause = state(
  'pause',
  'Pause the recording of a runtime',
  'Records nothing until `resume`. The index of the recording shows the pause.',
);
const resume = state(
  'resume',
  'Resume the recording of a runtime',
  'Records again after a pause. A recording that is not paused does not change.',
);

export function runtimeRecordingRoutes(parts: RecordingRouteParts) {
  const { runtimes, recordings } = parts;
  const of = async (c: Context<ApiEnv>, { id, alias }: z.infer<typeof RuntimePath>) =>
    recordings.of(await runtimes.get(c.var.actor, id, alias));
  return createRouter()
    .openapi(embed, async (c) =>
      c.json(await toRecordingEmbed(c, parts, await of(c, c.req.valid('param'))), 200),
    )
    .openapi(get, async (c) =>
      c.json(await toRecordingBody(recordings, await of(c, c.req.valid('param'))), 200),
    )
    .openapi(pause, async (c) => {
      const { id, alias } = c.req.valid('param');
      const runtime = await runtimes.getActive(c.var.actor, id, alias);
      return c.json(await runtimes.call(runtime, pauseRecorder, {}, c.req.raw.signal), 200);
    })
    .openapi(resume, async (c) => {
      const { id, alias } = c.req.valid('param');
      const runtime = await runtimes.getActive(c.var.actor, id, alias);
      return c.json(await runtimes.call(runtime, resumeRecorder, {}, c.req.raw.signal), 200);
    })
    .openapi(video, async (c) => {
      const { file, ...path } = c.req.valid('param');
      const found = await recordings.video(await of(c, path), tabIn(file));
      return answerVideo(c, parts, found, c.req.valid('query').codec);
    });
}
