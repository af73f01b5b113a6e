import { z } from '@hono/zod-openapi';
import { durationMsOf } from '../../runtime-manager/index.ts';
import {
  recordingStatus,
  type Recording,
  type RecordingMark,
} from '../../runtime-manager/runtime/index.ts';
import { nextCursor } from './paging.ts';

export const RecordingOptions = z
  .strictObject({
    pauseWhileHumanDrives: z.boolean().default(false).openapi({
      description: 'Whether to record nothing while a person has control, such as during a login.',
    }),
    keepQueries: z.boolean().default(false).openapi({
      description:
        'Whether the index contains the query strings and fragments of URLs, which often contain secrets.',
    }),
    diagnostics: z.boolean().default(false).openapi({
      description:
        'Whether the index contains console messages and errors of pages, and failed requests. To collect these, the service observes the pages, which a page can detect.',
    }),
  })
  .openapi('RecordingOptions');

/** Null: not recorded. */
export const RecordingWish = z
  .union([z.boolean(), RecordingOptions])
  .transform((wish) => {
    if (wish === false) return null;
    return RecordingOptions.parse(wish === true ? {} : wish);
  })
  .openapi('RecordingWish', {
    description:
      'Records the tabs of the browser as videos, with an index of what happened. `true` means `{}`. If omitted, the configuration of the service applies, which is off unless the operator has changed it.',
    example: true,
  });

export const StartRuntimeRequest = z
  .strictObject({ recording: RecordingWish.optional() })
  .openapi('StartRuntimeRequest', { example: { recording: false } });

const STATUSES = ['encoding', 'ready', 'expired'] as const;
const Status = z.enum(STATUSES).openapi({
  description:
    '`encoding` until the runtime has ended and its videos have been joined, then `ready`; `expired` once the videos have been deleted after their retention period.',
});

export const RecordingEmbed = z
  .object({
    iframeUrl: z.url().openapi({
      description:
        'The player, for an `<iframe>` or its own tab. It posts `{ type: "bctrl:recording-time", timeMs, durationMs, tabId }` to the page that embeds it. The token is in the fragment, which browsers do not send to servers.',
    }),
    token: z.string(),
    expiresAt: z.iso.datetime(),
    status: Status,
    durationMs: z
      .int()
      .optional()
      .openapi({ description: 'The length of the recording; present once it is `ready`.' }),
    tabIds: z.array(z.string()),
  })
  .openapi('RecordingEmbed');

const Tab = z.object({
  tabId: z.string().openapi({ description: "The tab's CDP targetId." }),
  title: z.string(),
  url: z.string(),
  segments: z
    .int()
    .openapi({ description: 'The number of videos of the tab; 1 once the recording is `ready`.' }),
  sizeBytes: z.int(),
  startMs: z.int().nullable().openapi({ description: 'When its first video begins.' }),
  endMs: z.int().nullable().openapi({ description: 'When its last video ends.' }),
});

const summary = {
  id: z.uuid(),
  runtimeId: z.uuid(),
  workspaceId: z.uuid(),
  alias: z.string(),
  generation: z
    .int()
    .openapi({ description: 'Which run of the runtime was recorded; 1 is the first.' }),
  status: Status,
  isRecording: z
    .boolean()
    .openapi({ description: 'Whether the recorded runtime is still running.' }),
  options: RecordingOptions,
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  durationMs: z.int(),
  sizeBytes: z.int(),
};

export const RecordingSummary = z.object(summary).openapi('RecordingSummary');

export const RecordingBody = z.object({ ...summary, tabs: z.array(Tab) }).openapi('Recording');

export const RecordingList = z
  .object({ recordings: z.array(RecordingSummary), nextCursor })
  .openapi('RecordingList');

export const RecordingState = z.object({ isPaused: z.boolean() }).openapi('RecordingState');

const Mark = z
  .object({
    id: z.string(),
    atMs: z.int().openapi({ description: 'In milliseconds since the recording began.' }),
    type: z.string().openapi({
      description:
        '`tab.opened`, `tab.navigated`, `tab.titled`, `tab.shown`, `tab.closed`, `recording.paused`, `recording.resumed`, `recording.limited`, or the type of an event of the runtime.',
      example: 'tab.navigated',
    }),
    tabId: z.string().nullable(),
    data: z.record(z.string(), z.unknown()),
  })
  .openapi('RecordingMark');

export const RecordingMarks = z
  .object({ marks: z.array(Mark), next: z.string().optional() })
  .openapi('RecordingMarks');

export const MarkQuery = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,18}$/, 'Not the `next` of a page')
    .default('0')
    .openapi({ description: 'The `next` of the previous page.' }),
  limit: z.coerce.number().int().min(1).max(1000).default(500),
});

export function toRecordingSummary(recording: Recording): z.infer<typeof RecordingSummary> {
  const {
    state,
    startedAt,
    endedAt,
    organizationId: _owner,
    nodeId: _node,
    recordedMs: _recorded,
    ...rest
  } = recording;
  return {
    ...rest,
    status: recordingStatus(recording),
    isRecording: state === 'recording',
    startedAt: startedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    durationMs: durationMsOf(recording),
  };
}

export function toMarkBody({ tabId, ...mark }: RecordingMark): z.infer<typeof Mark> {
  return { ...mark, tabId: tabId ?? null };
}
