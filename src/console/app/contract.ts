import type { z } from 'zod';
import type { ErrorBody, ErrorCode } from '../../api/http/errors.ts';
import type { RequestIssue } from '../../api/http/request-issues.ts';
import type {
  ApiKeyBody,
  ApiKeyList,
  CreatedApiKey as CreatedApiKeyBody,
} from '../../api/schemas/api-key.ts';
import type { ExtensionBody, ExtensionList } from '../../api/schemas/browser-extension.ts';
import type { ProfileBody, ProfileList } from '../../api/schemas/browser-profile.ts';
import type { CapacityBody } from '../../api/schemas/capacity.ts';
import type { ConnectionBody, ConnectionList } from '../../api/schemas/connection.ts';
import type { EventBody, EventList } from '../../api/schemas/event.ts';
import type { LiveEmbed as LiveEmbedBody } from '../../api/schemas/live-embed.ts';
import type { NodeBody, NodeList } from '../../api/schemas/node.ts';
import type {
  RecordingBody,
  RecordingEmbed as RecordingEmbedBody,
  RecordingList,
  RecordingState as RecordingStateBody,
  RecordingSummary as RecordingSummaryBody,
} from '../../api/schemas/recording.ts';
import type { RuntimeFileBody, RuntimeFileList } from '../../api/schemas/runtime-file.ts';
import type {
  browserRuntime,
  ProxyChange as ProxyChangeSchema,
  RuntimeBody,
  RuntimeList as RuntimeListBody,
} from '../../api/schemas/runtime.ts';
import type { WorkspaceBody, WorkspaceList } from '../../api/schemas/workspace.ts';

// What the API takes and answers, as its schemas say. What ends in `s` is a page of a list.

export type ApiKey = z.infer<typeof ApiKeyBody>;
export type ApiKeys = z.infer<typeof ApiKeyList>;
export type CapacityHistory = z.infer<typeof CapacityBody>;
export type CapacitySample = CapacityHistory['now'];
export type Capacity = CapacitySample['total'];
export type Connection = z.infer<typeof ConnectionBody>;
export type Connections = z.infer<typeof ConnectionList>;
export type CreatedApiKey = z.infer<typeof CreatedApiKeyBody>;
export type CreateRuntime = z.input<ReturnType<typeof browserRuntime>>;
export type Extension = z.infer<typeof ExtensionBody>;
export type Extensions = z.infer<typeof ExtensionList>;
export type LiveEmbed = z.infer<typeof LiveEmbedBody>;
export type Profile = z.infer<typeof ProfileBody>;
export type Profiles = z.infer<typeof ProfileList>;
export type ProxyChange = z.input<typeof ProxyChangeSchema>;
export type Recording = z.infer<typeof RecordingBody>;
export type Recordings = z.infer<typeof RecordingList>;
export type RecordingEmbed = z.infer<typeof RecordingEmbedBody>;
export type RecordingState = z.infer<typeof RecordingStateBody>;
export type RecordingSummary = z.infer<typeof RecordingSummaryBody>;
export type Runtime = z.infer<typeof RuntimeBody>;
export type Runtimes = z.infer<typeof RuntimeListBody>;
export type RuntimeEvent = z.infer<typeof EventBody>;
export type RuntimeEvents = z.infer<typeof EventList>;
export type RuntimeFile = z.infer<typeof RuntimeFileBody>;
export type RuntimeFiles = z.infer<typeof RuntimeFileList>;
export type ServiceNode = z.infer<typeof NodeBody>;
export type ServiceNodes = z.infer<typeof NodeList>;
export type Workspace = z.infer<typeof WorkspaceBody>;
export type Workspaces = z.infer<typeof WorkspaceList>;

/** What is wrong with a field. */
export type Issue = Pick<RequestIssue, 'path' | 'message'>;

/** What the service says when it refuses. */
export interface Refusal extends Pick<ErrorBody, 'error' | 'hint'> {
  code: ErrorCode;
  details?: { issues?: Issue[]; problems?: Issue[] };
}
