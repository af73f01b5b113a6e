import { and, eq, sql, type SQLWrapper } from 'drizzle-orm';
import {
  numberedPath,
  type FileStore,
  type StoredContent,
  type StoredFile,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { files, isArriving, storageNamespaces } from '../schema/index.ts';
import { addBytes, holdNamespaces, QuotaExceeded, toFile } from './file-rows.ts';

type DownloadStore = Pick<
  FileStore,
  'beginDownload' | 'finishDownload' | 'failDownload' | 'failArriving'
>;
type Destination = Parameters<FileStore['finishDownload']>[2];

/** How many namesakes get a number; a further one gets its id. */
const NAMESAKES_MAX = 100;

export function createDownloadStore(db: Db): DownloadStore {
  return {
    beginDownload: async ({ runtimeId, ...download }) => {
      // Without the runtime's record, nobody would keep it.
      await db.execute(sql`
        insert into ${files}
          (id, organization_id, runtime_id, kept_by, path, source, state, content_type, url, node_id)
        select ${download.id}, ${download.organizationId}, ${runtimeId}, runtimes.id,
          ${download.path}, ${download.source ?? 'download'}, 'arriving', ${download.contentType},
          ${download.url ?? null}, ${download.nodeId}
        from runtimes
        where organization_id = ${download.organizationId} and id = ${runtimeId} for key share
        on conflict (id) do nothing`);
    },
    finishDownload: async (id, content, to) => {
      try {
        return await finish(db, id, content, to);
      } catch (error) {
        if (error instanceof QuotaExceeded) return 'quota_exceeded';
        throw error;
      }
    },
    failDownload: async (id, failure) => {
      await db
        .update(files)
        .set({ state: 'failed', failure, nodeId: null })
        .where(and(eq(files.id, id), isArriving));
    },
    failArriving: (nodeId) => failArriving(db, sql`select ${nodeId}::uuid`),
  };
}

/** Without the namespace, which may be gone by now, the runtime keeps it. */
async function finish(
  db: Db,
  id: string,
  { key, sizeBytes, sha256, contentType }: StoredContent & { contentType: string },
  { namespaceId, path, mostBytes }: Destination,
): Promise<StoredFile | undefined> {
  return db.transaction(async (tx) => {
    const [held] =
      namespaceId === undefined
        ? []
        : await holdNamespaces(tx, eq(storageNamespaces.id, namespaceId));
    const place = held !== undefined && {
      namespaceId: held,
      keptBy: null,
      path: await freePath(tx, { id, namespaceId: held, path }),
    };
    const [row] = await tx
      .update(files)
      .set({
        key,
        sizeBytes,
        sha256,
        contentType,
        path,
        state: 'stored',
        storedAt: sql`now()`,
        nodeId: null,
        ...place,
      })
      .where(and(eq(files.id, id), isArriving))
      .returning();
    if (!row) return findFinished(tx, { id, key });
    await addBytes(tx, row, mostBytes);
    return toFile(row);
  });
}

/** What was recorded before, when the answer was lost on the way. */
async function findFinished(
  db: Pick<Db, 'select'>,
  { id, key }: { id: string; key: string },
): Promise<StoredFile | undefined> {
  const [found] = await db
    .select()
    .from(files)
    .where(and(eq(files.id, id), eq(files.key, key)));
  return found && toFile(found);
}

/** Fails what was arriving on nodes whose processes ended, or were given up. */
export async function failArriving(db: Db, nodeIds: SQLWrapper): Promise<void> {
  await db
    .update(files)
    .set({ state: 'failed', failure: 'download.cut_off', nodeId: null })
    .where(and(sql`${files.nodeId} = any(array(${nodeIds}))`, isArriving));
}

async function freePath(
  db: Pick<Db, 'select'>,
  { id, namespaceId, path }: { id: string; namespaceId: string; path: string },
): Promise<string> {
  const numbered = Array.from({ length: NAMESAKES_MAX }, (_, nth) =>
    numberedPath(path, String(nth + 1)),
  );
  const wanted = JSON.stringify([path, ...numbered]);
  const taken = await db
    .select({ path: files.path })
    .from(files)
    .where(
      and(
        eq(files.namespaceId, namespaceId),
        sql`${files.path} = any(array(select jsonb_array_elements_text(${wanted}::jsonb)))`,
      ),
    );
  const paths = new Set(taken.map((row) => row.path));
  return [path, ...numbered].find((one) => !paths.has(one)) ?? numberedPath(path, id);
}
