import { and, eq, sql } from 'drizzle-orm';
import { posix } from 'node:path';
import type { FileStore, StoredContent, StoredFile } from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { files, isArriving, isStored } from '../schema/index.ts';
import { isViolation } from './database-errors.ts';
import { addBytes, Refused, toFile } from './file-rows.ts';

type DownloadStore = Pick<
  FileStore,
  'beginDownload' | 'finishDownload' | 'failDownload' | 'failArriving'
>;
type Destination = Parameters<FileStore['finishDownload']>[2];

/** How many namesakes get a number; a further one gets its id. */
const NAMESAKES_MAX = 100;
/** How often a path is chosen that somebody else has taken just then. */
const ATTEMPTS = 10;

export function createDownloadStore(db: Db): DownloadStore {
  return {
    beginDownload: async ({ runtimeId, ...download }) => {
      // The runtime's record may be gone already.
      await db.execute(sql`
        insert into ${files}
          (id, organization_id, runtime_id, kept_by, path, source, state, content_type, url, node_id)
        select ${download.id}, ${download.organizationId}, ${runtimeId}, runtimes.id,
          ${download.path}, 'download', 'arriving', ${download.contentType},
          ${download.url ?? null}, ${download.nodeId}
        from runtimes where id = ${runtimeId} for key share`);
    },
    finishDownload: async (id, content, to) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await finish(db, id, content, to);
        } catch (error) {
          if (error instanceof Refused) return 'quota_exceeded';
          const isTaken = isViolation(error, 'unique', 'files_path');
          if (!isTaken || attempt === ATTEMPTS) throw error;
        }
      }
    },
    failDownload: async (id, failure) => {
      await db
        .update(files)
        .set({ state: 'failed', failure, nodeId: null })
        .where(and(eq(files.id, id), isArriving));
    },
    failArriving: async (nodeId) => {
      await db
        .update(files)
        .set({ state: 'failed', failure: 'download.cut_off', nodeId: null })
        .where(and(eq(files.nodeId, nodeId), isArriving));
    },
  };
}

async function finish(
  db: Db,
  id: string,
  { contentType, ...content }: StoredContent & { contentType: string },
  { namespaceId, path, mostBytes }: Destination,
): Promise<StoredFile | undefined> {
  const free = namespaceId === undefined ? path : await freePath(db, { id, namespaceId, path });
  return db.transaction(async (tx) => {
    const [row] = await tx
      .update(files)
      .set({
        ...content,
        contentType,
        path: free,
        state: 'stored',
        storedAt: sql`now()`,
        nodeId: null,
        ...(namespaceId !== undefined && { namespaceId, keptBy: null }),
      })
      .where(and(eq(files.id, id), isArriving))
      .returning();
    if (!row) return undefined;
    if (await addBytes(tx, row, mostBytes)) return toFile(row);
    throw new Refused('quota_exceeded');
  });
}

async function freePath(
  db: Db,
  { id, namespaceId, path }: { id: string; namespaceId: string; path: string },
): Promise<string> {
  const { dir, name, ext } = posix.parse(path);
  const named = (suffix: string) => posix.join(dir, `${name} (${suffix})${ext}`);
  const numbered = Array.from({ length: NAMESAKES_MAX }, (_, nth) => named(String(nth + 1)));
  const wanted = JSON.stringify([path, ...numbered]);
  const taken = await db
    .select({ path: files.path })
    .from(files)
    .where(
      and(
        eq(files.namespaceId, namespaceId),
        isStored,
        sql`${files.path} = any(array(select jsonb_array_elements_text(${wanted}::jsonb)))`,
      ),
    );
  const paths = new Set(taken.map((row) => row.path));
  return [path, ...numbered].find((one) => !paths.has(one)) ?? named(id);
}
