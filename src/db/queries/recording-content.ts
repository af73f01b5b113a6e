import { and, asc, eq, gt, sql, type SQL } from 'drizzle-orm';
import type {
  NewRecordingMark,
  NewRecordingPart,
  RecordingMark,
  RecordingPart,
  RecordingStore,
  RecordingTab,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { recordingMarks, recordingParts, recordings } from '../schema/index.ts';

type Content = Pick<
  RecordingStore,
  'addPart' | 'addMarks' | 'listParts' | 'findPart' | 'listTabs' | 'listMarks' | 'forgetParts'
>;

/** What recordings are made of. */
export function createRecordingContent(db: Db): Content {
  return {
    addPart: (recordingId, part) => addPart(db, recordingId, part),
    addMarks: (recordingId, marks) => addMarks(db, recordingId, marks),
    listParts: async (recordingId, { after, limit }) => {
      const rows = await db
        .select()
        .from(recordingParts)
        .where(
          and(eq(recordingParts.recordingId, recordingId), gt(recordingParts.id, BigInt(after))),
        )
        .orderBy(asc(recordingParts.id))
        .limit(limit);
      return rows.map(toPart);
    },
    findPart: async (recordingId, partId) => {
      const [row] = await db
        .select()
        .from(recordingParts)
        .where(
          and(eq(recordingParts.id, BigInt(partId)), eq(recordingParts.recordingId, recordingId)),
        );
      return row && toPart(row);
    },
    listTabs: (recordingId) => listTabs(db, recordingId),
    listMarks: async (recordingId, { after, limit }) => {
      const rows = await db
        .select()
        .from(recordingMarks)
        .where(
          and(eq(recordingMarks.recordingId, recordingId), gt(recordingMarks.id, BigInt(after))),
        )
        .orderBy(asc(recordingMarks.id))
        .limit(limit);
      return rows.map(toMark);
    },
    forgetParts: async (recordingId, partIds) => {
      if (partIds.length === 0) return;
      await db
        .delete(recordingParts)
        .where(and(eq(recordingParts.recordingId, recordingId), isAmong(partIds)));
    },
  };
}

/** A recording that expired or has no keeper takes nothing more. */
const takesParts = sql`kept_by is not null and state <> 'expired'`;

async function addPart(db: Db, recordingId: string, part: NewRecordingPart): Promise<boolean> {
  const rows = await db.execute(sql`
    with held as (
      update ${recordings} set size_bytes = size_bytes + ${part.sizeBytes},
        recorded_ms = greatest(recorded_ms, ${part.endMs}),
        state = case when state = 'ready' then 'encoding' else state end
      where id = ${recordingId} and ${takesParts} returning id
    )
    insert into ${recordingParts}
      (recording_id, tab_id, start_ms, end_ms, width, height, size_bytes, key)
    select id, ${part.tabId}::text, ${part.startMs}::bigint, ${part.endMs}::bigint, ${part.width}::integer,
      ${part.height}::integer, ${part.sizeBytes}::bigint, ${part.key}::text from held
    returning id`);
  return rows.length > 0;
}

async function addMarks(db: Db, recordingId: string, marks: readonly NewRecordingMark[]) {
  if (marks.length === 0) return;
  const given = JSON.stringify(marks);
  await db.execute(sql`
    insert into ${recordingMarks} (recording_id, at_ms, type, tab_id, data)
    select held.id, mark."atMs", mark.type, mark."tabId", mark.data
    from (select id from ${recordings} where id = ${recordingId} and ${takesParts} for key share) as held,
      rows from (jsonb_to_recordset(${given}::jsonb)
        as ("atMs" bigint, type text, "tabId" text, data jsonb))
        with ordinality as mark("atMs", type, "tabId", data, nth)
    order by mark.nth`);
}

async function listTabs(db: Db, recordingId: string): Promise<RecordingTab[]> {
  const rows = await db.execute<{ id: string; title: string; url: string }>(sql`
    select tab_id as id, ${lastOf('title')} as title, ${lastOf('url')} as url from ${recordingMarks}
    where recording_id = ${recordingId} and tab_id is not null and type like 'tab.%'
    group by tab_id order by min(id)`);
  return [...rows];
}

/** The last that marks of one tab tell of something. */
function lastOf(name: string): SQL {
  return sql`coalesce((array_agg(data ->> ${name} order by id desc) filter (where data ? ${name}))[1], '')`;
}

/** Parts by their ids. */
export function isAmong(partIds: readonly string[]): SQL {
  return sql`${recordingParts.id} = any(${`{${partIds.join(',')}}`}::bigint[])`;
}

function toPart({
  id,
  recordingId: _recordingId,
  ...part
}: typeof recordingParts.$inferSelect): RecordingPart {
  return { ...part, id: String(id) };
}

function toMark({
  id,
  recordingId: _recordingId,
  tabId,
  ...mark
}: typeof recordingMarks.$inferSelect): RecordingMark {
  return { ...mark, id: String(id), tabId: tabId ?? undefined };
}
