import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { onTestFinished } from 'vitest';
import { createFileStore } from '../../src/db/queries/files.ts';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { files, organizations } from '../../src/db/schema/index.ts';
import type { FileStore, NewFile, StoredFile } from '../../src/runtime-manager/runtime/index.ts';
import { openTestDatabase, openTestSecrets } from './database.ts';
import { insertRecord, newRecord } from './records.ts';

export const KB = 1024;
export const ROOM = 1_000_000 * KB;
export const STOPPED = { to: 'stopped', reason: 'requested' } as const;

/** Content as if it was in the object storage. */
export function content(sizeBytes = KB) {
  return { key: `files/${randomUUID()}`, sizeBytes, sha256: 'ab', contentType: 'text/plain' };
}

/** A file store with an organization in it, closed with the test. */
export async function openFiles() {
  const database = await openTestDatabase();
  onTestFinished(() => database[Symbol.asyncDispose]());
  const { db } = database;
  const store = createFileStore(db);
  const runtimes = createRuntimeStore(database, await openTestSecrets({ db }), {
    maxRuntimesPerOrganization: 1000,
  });
  const openOwner = async () => {
    const { id } = await insertOrganization(db, randomUUID());
    return { organizationId: id, namespace: await store.ensureNamespace(id, 'main') };
  };
  const { organizationId, namespace } = await openOwner();
  const nodeId: string = randomUUID();
  const newFile = (path: string, differs: Partial<NewFile> = {}): NewFile => ({
    id: randomUUID(),
    organizationId,
    namespaceId: namespace.id,
    path,
    source: 'upload',
    ...content(),
    ...differs,
  });
  return {
    database,
    store,
    runtimes,
    organizationId,
    namespace,
    nodeId,
    openOwner,
    newFile,
    add: async (path: string, differs: Partial<NewFile> = {}) =>
      fileOf(await store.insert(newFile(path, differs), { isReplacing: false, mostBytes: ROOM })),
    replace: (path: string, differs: Partial<NewFile> = {}) =>
      store.insert(newFile(path, differs), { isReplacing: true, mostBytes: ROOM }),
    /** A runtime whose record is there. */
    startRuntime: () => insertRecord(runtimes, organizationId, newRecord({ nodeId })),
    begin: async (runtimeId: string, path = 'report.pdf') => {
      const id = randomUUID();
      const about = { contentType: 'text/plain', url: 'http://example.test/report' };
      await store.beginDownload({ id, organizationId, runtimeId, nodeId, path, ...about });
      return id;
    },
    usedBytes: async (of = organizationId) => (await store.usage(of)).usedBytes,
    /** What the organization's number has to be. */
    storedBytes: async (of = organizationId) => {
      const rows = await db.select().from(files).where(eq(files.organizationId, of));
      const stored = rows.filter(({ state }) => state === 'stored');
      return stored.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    },
    rows: () => db.select().from(files).where(eq(files.organizationId, organizationId)),
    limit: (maxStorageBytes: number) =>
      db.update(organizations).set({ maxStorageBytes }).where(eq(organizations.id, organizationId)),
  };
}

/** A file that was recorded. */
export function fileOf(
  result: Awaited<ReturnType<FileStore['insert' | 'finishDownload']>>,
): StoredFile {
  if (result !== undefined && typeof result !== 'string') return result;
  throw new Error(`there is no file: ${result}`);
}
