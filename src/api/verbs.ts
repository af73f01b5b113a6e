import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Database } from '../db/client.ts';
import { createApiKeyStore } from '../db/queries/api-keys.ts';
import { createBrowserProfileStore } from '../db/queries/browser-profiles.ts';
import { createWebhookStore } from '../db/queries/webhooks.ts';
import { createWorkspaceStore } from '../db/queries/workspaces.ts';
import type { Sealing } from '../db/sealing.ts';
import {
  BrowserProfiles,
  ProfileTransfers,
  Files,
  Operations,
  OneShots,
  Recordings,
  RecordingTokens,
  RuntimeFiles,
  Webhooks,
  type Converter,
  type EgressPolicy,
  type Extensions,
  type FileRemoval,
  type ObjectStorage,
  type Profiles,
  type ProfileStates,
  type RuntimeManager,
  type Sender,
} from '../runtime-manager/index.ts';
import {
  ApiKeys,
  Workspaces,
  type FileStore,
  type OperationStore,
  type RecordingStore,
} from '../runtime-manager/runtime/index.ts';
import type { Config } from './config/config.ts';
import type { Metrics } from './http/metrics.ts';

export interface VerbParts extends Pick<Config, 'dataDir' | 'fileLimits' | 'ceilings'> {
  database: Database;
  secrets: Sealing;
  runtimes: RuntimeManager;
  profiles: Profiles;
  extensions: Extensions;
  states: ProfileStates;
  storage: ObjectStorage;
  fileStore: FileStore;
  recordingStore: RecordingStore;
  operationStore: OperationStore;
  /** Undefined: this process converts no recordings. */
  converter: Pick<Converter, 'soon'> | undefined;
  fileRemoval: FileRemoval;
  egressPolicy: EgressPolicy;
  sender: Sender;
  metrics: Metrics;
  log: Logger;
}

/** What customers do with what they keep. */
export function openVerbs(parts: VerbParts) {
  const { secrets, runtimes, profiles, extensions, states, storage } = parts;
  const { db } = parts.database;
  const fileParts = {
    store: parts.fileStore,
    storage,
    limits: parts.fileLimits,
    metrics: parts.metrics.files,
    removal: parts.fileRemoval,
  };
  const workspaceStore = createWorkspaceStore(db);
  const files = new Files(fileParts);
  const browserProfiles = new BrowserProfiles({
    store: createBrowserProfileStore(db, secrets),
    profiles,
    extensions,
    assertLocale: (locale) => runtimes.assertLocale(locale),
  });
  return {
    apiKeys: new ApiKeys({ store: createApiKeyStore(db), workspaces: workspaceStore }),
    workspaces: new Workspaces({
      store: workspaceStore,
      stopAll: (actor, workspaceId) => runtimes.stopAll(actor, workspaceId),
      ensureNamespace: (actor, name) => files.ensureNamespace(actor, name),
    }),
    webhooks: new Webhooks({
      store: createWebhookStore(db, secrets),
      workspaces: workspaceStore,
      policy: parts.egressPolicy,
      sender: parts.sender,
    }),
    browserProfiles,
    oneShots: new OneShots({ runtimes, ceilings: parts.ceilings.timeLimits, log: parts.log }),
    files,
    operations: new Operations({ store: parts.operationStore, runtimes }),
    recordings: new Recordings(parts.recordingStore, parts.converter),
    recordingTokens: new RecordingTokens(secrets.ticketKeys),
    runtimeFiles: new RuntimeFiles({ ...fileParts, files, runtimes }),
    profileTransfers: new ProfileTransfers({
      browserProfiles,
      profiles,
      states,
      uploadDir: uploadDir(parts),
    }),
  };
}

/** Where uploads lie until they are taken. */
export function uploadDir({ dataDir }: Pick<Config, 'dataDir'>): string {
  return join(dataDir, 'uploads');
}
