import type { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  durationMsOf,
  type Recordings,
  type RecordingTokens,
} from '../../runtime-manager/index.ts';
import { recordingStatus, type Recording } from '../../runtime-manager/runtime/index.ts';
import {
  toRecordingSummary,
  type RecordingBody,
  type RecordingEmbed,
} from '../schemas/recording.ts';
import type { ApiEnv } from './api-env.ts';
import { recordingEmbedUrl } from './connection-urls.ts';
import type { PublicAddress } from './public-address.ts';

/** How long the address of a player is good. */
const TTL_MS = 86_400_000;

export interface RecordingAnswerParts {
  recordings: Recordings;
  recordingTokens: RecordingTokens;
  addressOf: PublicAddress;
}

/** Makes the address of a player. */
export async function toRecordingEmbed(
  c: Context<ApiEnv>,
  { recordings, recordingTokens, addressOf }: RecordingAnswerParts,
  recording: Recording,
): Promise<z.infer<typeof RecordingEmbed>> {
  const { organizationId, id: recordingId } = recording;
  const expiresAt = new Date(Date.now() + TTL_MS);
  const token = recordingTokens.sign({
    organizationId,
    recordingId,
    expiresAt: expiresAt.getTime(),
  });
  const tabs = await recordings.tabs(recording);
  const durationMs = durationMsOf(recording);
  return {
    iframeUrl: recordingEmbedUrl(addressOf(c), recordingId, token),
    token,
    expiresAt: expiresAt.toISOString(),
    status: recordingStatus(recording),
    ...(recording.state === 'ready' && { durationMs }),
    tabIds: tabs.map(({ id }) => id),
  };
}

/** A recording with its tabs. Cost: that of its parts and marks. */
export async function toRecordingBody(
  recordings: Recordings,
  recording: Recording,
): Promise<z.infer<typeof RecordingBody>> {
  const [all, parts] = await Promise.all([recordings.tabs(recording), recordings.parts(recording)]);
  const ofTab = Map.groupBy(parts, ({ tabId }) => tabId);
  const tabs = all.map(({ id: tabId, title, url }) => {
    const own = ofTab.get(tabId) ?? [];
    const sizeBytes = own.reduce((sum, part) => sum + part.sizeBytes, 0);
    const startMs = own.length === 0 ? null : Math.min(...own.map((part) => part.startMs));
    const endMs = own.length === 0 ? null : Math.max(...own.map((part) => part.endMs));
    return { tabId, title, url, segments: own.length, sizeBytes, startMs, endMs };
  });
  return { ...toRecordingSummary(recording), tabs };
}
