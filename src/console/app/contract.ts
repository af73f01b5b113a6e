import type { z } from 'zod';
import type { ErrorCode } from '../../api/http/errors.ts';
import type { ExtensionBody } from '../../api/schemas/browser-extension.ts';
import type { ProfileBody } from '../../api/schemas/browser-profile.ts';
import type { EventBody } from '../../api/schemas/event.ts';
import type { RecordingBody } from '../../api/schemas/recording.ts';
import type {
  browserRuntime,
  ProxyChange as ProxyChangeSchema,
  RuntimeBody,
} from '../../api/schemas/runtime.ts';
import type { WorkspaceBody } from '../../api/schemas/workspace.ts';
import type {
  ACCESSES,
  CONNECTION_PROTOCOLS,
  FILE_STATES,
} from '../../runtime-manager/runtime/index.ts';

export type CreateRuntime = z.input<ReturnType<typeof browserRuntime>>;
export type Extension = z.infer<typeof ExtensionBody>;
export type Profile = z.infer<typeof ProfileBody>;
export type ProxyChange = z.input<typeof ProxyChangeSchema>;
export type Recording = z.infer<typeof RecordingBody>;
export type Runtime = z.infer<typeof RuntimeBody>;
export type RuntimeEvent = z.infer<typeof EventBody>;
export type Workspace = z.infer<typeof WorkspaceBody>;

// The schemas of what follows bring the whole core with them, which needs Node's types. What is
// said here is what pages read.

export interface Connection {
  id: string;
  protocol: (typeof CONNECTION_PROTOCOLS)[number];
  access: (typeof ACCESSES)[number];
  createdAt: string;
  expiresAt: string | null;
  attachedClients: number;
  lastActivityAt: string | null;
}

export interface RuntimeFile {
  id: string;
  name: string;
  state: (typeof FILE_STATES)[number];
  contentType: string;
  sizeBytes: number;
  progress?: { receivedBytes: number; totalBytes?: number };
  failure?: { message: string };
  createdAt: string;
}

/** What the service says when it refuses. */
export interface Refusal {
  error: string;
  code: ErrorCode;
  hint?: string;
  details?: { issues?: Issue[]; problems?: Issue[] };
}

/** What is wrong with a field. */
export interface Issue {
  path: string;
  message: string;
}
