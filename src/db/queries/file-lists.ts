import { and, asc, desc, eq, gt, gte, lt, sql, type SQL } from 'drizzle-orm';
import type {
  FileEntry,
  FileRange,
  FileStore,
  Page,
  PageRequest,
  StoredFile,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { files, isStored } from '../schema/index.ts';
import { isKept, toFile } from './file-rows.ts';
import { afterCursor, toPage } from './pages.ts';

/** The last character there is: no path has it, so all that begin with a text are before text and it. */
const LAST = '\u{10FFFF}';

export function createFileLists(
  db: Db,
): Pick<FileStore, 'list' | 'listFolder' | 'listOfRuntime' | 'findOfRuntime'> {
  return {
    list: (namespaceId, range) => listFiles(db, namespaceId, range),
    listFolder: (namespaceId, range) => listFolder(db, namespaceId, range),
    listOfRuntime: (organizationId, runtimeId, page) =>
      listOfRuntime(db, { organizationId, runtimeId }, page),
    findOfRuntime: ({ organizationId, id: runtimeId }, reference) =>
      findOfRuntime(db, { organizationId, runtimeId }, reference),
  };
}

async function listFiles(
  db: Db,
  namespaceId: string,
  { prefix, after, limit }: FileRange,
): Promise<StoredFile[]> {
  const rows = await db
    .select()
    .from(files)
    .where(
      and(
        eq(files.namespaceId, namespaceId),
        gte(files.path, prefix),
        lt(files.path, prefix + LAST),
        after === undefined ? undefined : gt(files.path, after),
      ),
    )
    .orderBy(asc(files.path))
    .limit(limit);
  return rows.map(toFile);
}

/** One step of the recursion is one look into the index, however many files a folder has. */
async function listFolder(
  db: Db,
  namespaceId: string,
  { prefix, after, limit }: FileRange,
): Promise<FileEntry[]> {
  const start = after?.endsWith('/') ? after + LAST : (after ?? '');
  const next = (from: SQL) => sql`
    select path,
      case when position('/' in substr(path, char_length(${prefix}::text) + 1)) > 0
        then ${prefix}::text || split_part(substr(path, char_length(${prefix}::text) + 1), '/', 1) || '/'
      end as folder
    from ${files}
    where namespace_id = ${namespaceId} and path > ${from}
      and path >= ${prefix}::text and path < ${prefix + LAST}::text
    order by path limit 1`;
  const entries = sql`(
    with recursive entries(path, folder) as (
      (${next(sql`${start}::text`)})
      union all
      select found.path, found.folder from entries cross join lateral (
        ${next(sql`(coalesce(entries.folder || ${LAST}::text, entries.path)) collate "C"`)}
      ) as found
    ) select path, folder from entries limit ${limit}
  ) as entries`;
  // One look into the index for each file, too, where a join might read them all.
  const file = db
    .select()
    .from(files)
    .where(and(eq(files.namespaceId, namespaceId), sql`${files.path} = entries.path`))
    .limit(1)
    .as('file');
  const rows = await db
    .select({ folder: sql<string | null>`entries.folder`, file: file._.selectedFields })
    .from(entries)
    .leftJoinLateral(file, sql`entries.folder is null`)
    .orderBy(sql`entries.path`);
  return rows.flatMap(({ folder, file: row }): FileEntry[] => {
    if (folder !== null) return [{ folder }];
    return row ? [{ file: toFile(row) }] : [];
  });
}

async function listOfRuntime(
  db: Db,
  { organizationId, runtimeId }: { organizationId: string; runtimeId: string },
  page: PageRequest,
): Promise<Page<StoredFile>> {
  const rows = await db
    .select()
    .from(files)
    .where(
      and(
        eq(files.organizationId, organizationId),
        eq(files.runtimeId, runtimeId),
        isKept,
        afterCursor(files, page.cursor),
      ),
    )
    .orderBy(desc(files.createdAt), desc(files.id))
    .limit(page.limit + 1);
  return toPage(rows.map(toFile), page);
}

async function findOfRuntime(
  db: Db,
  { organizationId, runtimeId }: { organizationId: string; runtimeId: string },
  reference: string,
): Promise<{ path: string; key: string } | undefined> {
  const [found] = await db
    .select({ path: files.path, key: files.key })
    .from(files)
    .where(
      and(
        eq(files.organizationId, organizationId),
        eq(files.runtimeId, runtimeId),
        isKept,
        isStored,
        sql`(${files.path} = ${reference} or ${files.id}::text = ${reference})`,
      ),
    )
    .orderBy(desc(files.createdAt), desc(files.id))
    .limit(1);
  return found && found.key !== null ? { path: found.path, key: found.key } : undefined;
}
