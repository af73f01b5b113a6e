import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { createRecordingStore } from '../../src/db/queries/recordings.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { PLAIN_RECORDING } from '../../src/runtime-manager/runtime/index.ts';
import { openTestDatabase, openTestSecrets } from './database.ts';
import { insertRecord, newRecord } from './records.ts';

/** What is recorded of recordings without any browser; closed with the test. */
export async function openStoredRecordings() {
  const database = await openTestDatabase();
  onTestFinished(() => database[Symbol.asyncDispose]());
  const { db } = database;
  const store = createRecordingStore(db);
  const runtimes = createRuntimeStore(database, await openTestSecrets({ db }), {
    maxRuntimesPerOrganization: 1000,
  });
  const { id: organizationId } = await insertOrganization(db, randomUUID());
  const nodeId = randomUUID();
  return {
    database,
    store,
    organizationId,
    /** A recording that has begun. */
    begin: async () => {
      const runtime = await insertRecord(runtimes, organizationId, newRecord({ nodeId }));
      const { id: runtimeId, workspaceId, alias, generation } = runtime;
      const id = randomUUID();
      const of = { organizationId, workspaceId, runtimeId, alias, generation, nodeId };
      await store.begin({ id, ...of, options: PLAIN_RECORDING, startedAt: new Date() });
      return id;
    },
    /** Adds a part, and resolves with it. */
    addPart: async (recordingId: string, key = newKey(recordingId)) => {
      await store.addPart(recordingId, newPart(key));
      const parts = await store.listParts(recordingId, { after: '0', limit: 100 });
      const part = parts.find((one) => one.key === key);
      if (!part) throw new Error('the part is not there');
      return part;
    },
  };
}

export function newKey(recordingId: string): string {
  return `recordings/${recordingId}/${randomUUID()}.mp4`;
}

export function newPart(key: string) {
  return { tabId: 'a', startMs: 0, endMs: 1000, width: 640, height: 360, sizeBytes: 7, key };
}
