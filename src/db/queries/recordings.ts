import { and, asc, desc, eq, sql, type SQL } from 'drizzle-orm';
import type {
  NewRecordingPart,
  Page,
  PageRequest,
  Recording,
  RecordingStore,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { organizationBytes } from '../schema/columns.ts';
import {
  isDoomed,
  isEncoding,
  isReady,
  isRecorded,
  recordingMarks,
  recordingParts,
  recordings,
  runtimeEvents,
  runtimes,
} from '../schema/index.ts';
import { afterCursor, toPage } from './pages.ts';
import { createRecordingContent, isAmong } from './recording-content.ts';
import { createRecordingVariants, listVariantKeys } from './recording-variants.ts';

type Row = typeof recordings.$inferSelect;

export function createRecordingStore(db: Db): RecordingStore {
  return {
    ...createRecordingContent(db),
    ...createRecordingVariants(db),
    begin: async ({ runtimeId, ...recording }) => {
      await db.insert(recordings).values({ ...recording, runtimeId, keptBy: runtimeId });
    },
    end: async (recordingId, endedAt) => {
      await db
        .update(recordings)
        .set({ state: 'encoding', endedAt })
        .where(and(eq(recordings.id, recordingId), isRecorded));
    },
    listHeld: (nodeId) => listHeld(db, nodeId),
    endAbandoned: (graceMs) => endAbandoned(db, graceMs),
    claim: (forMs) => claim(db, forMs),
    hold: async (recordingId, forMs) => {
      await db
        .update(recordings)
        .set({ claimedUntil: sql`now() + ${age(forMs)}` })
        .where(and(eq(recordings.id, recordingId), isEncoding));
    },
    finish: (recordingId, joined, replaced) => finish(db, recordingId, joined, replaced),
    find: (organizationId, id) =>
      findOne(db, and(eq(recordings.organizationId, organizationId), eq(recordings.id, id))),
    findOf: ({ organizationId, id }) =>
      findOne(db, and(eq(recordings.organizationId, organizationId), eq(recordings.runtimeId, id))),
    list: (organizationId, workspaceIds, page) => list(db, organizationId, workspaceIds, page),
    remove: (organizationId, id) => remove(db, organizationId, id),
    expire: (olderThanMs, limit) => expire(db, olderThanMs, limit),
    listDoomed: (limit) => listDoomed(db, limit),
    forget: (recordingId) => forget(db, recordingId),
  };
}

async function listHeld(db: Db, nodeId: string): Promise<Recording[]> {
  const rows = await db
    .select()
    .from(recordings)
    .where(and(eq(recordings.nodeId, nodeId), isRecorded));
  return rows.map(toRecording);
}

async function endAbandoned(db: Db, graceMs: number): Promise<number> {
  const rows = await db.execute(sql`
    update ${recordings} as recording set state = 'encoding',
      ended_at = coalesce(runtime.stopped_at, now())
    from ${runtimes} as runtime
    where recording.state = 'recording' and runtime.id = recording.runtime_id and (
      runtime.generation > recording.generation
      or (runtime.${sql.raw('state')} in ('stopped', 'failed') and runtime.stopped_at < now() - ${age(graceMs)})
    ) returning recording.id`);
  return rows.length;
}

async function claim(db: Db, forMs: number) {
  const next = db
    .select({ id: recordings.id })
    .from(recordings)
    .where(and(isEncoding, sql`coalesce(claimed_until < now(), true)`, sql`kept_by is not null`))
    .orderBy(asc(recordings.endedAt))
    .limit(1)
    .for('update', { skipLocked: true });
  const [row] = await db
    .update(recordings)
    .set({
      claimedUntil: sql`now() + ${age(forMs)}`,
      attempts: sql`${recordings.attempts} + 1`,
    })
    .where(eq(recordings.id, sql`(${next})`))
    .returning();
  return row && { recording: toRecording(row), attempts: row.attempts };
}

async function finish(
  db: Db,
  recordingId: string,
  joined: readonly NewRecordingPart[],
  replaced: readonly string[],
): Promise<string[]> {
  return db.transaction(async (tx) => {
    // First the runtime, as its removal does: the event needs it.
    await tx.execute(sql`
      select 1 from ${runtimes} where id = (select kept_by from ${recordings} where id = ${recordingId})
      for key share`);
    const [held] = await tx
      .update(recordings)
      .set({ state: 'ready', claimedUntil: null })
      .where(and(eq(recordings.id, recordingId), isEncoding, sql`kept_by is not null`))
      .returning({
        organizationId: recordings.organizationId,
        runtimeId: recordings.runtimeId,
        generation: recordings.generation,
      });
    if (!held) return joined.map(({ key }) => key);
    const { generation, ...runtime } = held;
    const data = { recordingId, generation };
    await tx.insert(runtimeEvents).values({ ...runtime, type: 'recording.ready', data });
    // From now on none is added: whoever finishes one waits for the recording.
    const variants = await listVariantKeys(tx, replaced);
    const parts = await tx
      .delete(recordingParts)
      .where(isAmong(replaced))
      .returning({ key: recordingParts.key });
    if (joined.length > 0) {
      await tx.insert(recordingParts).values(joined.map((part) => ({ ...part, recordingId })));
    }
    const total = tx
      .select({ bytes: sql`coalesce(sum(${recordingParts.sizeBytes}), 0)` })
      .from(recordingParts)
      .where(eq(recordingParts.recordingId, recordingId));
    await tx
      .update(recordings)
      .set({ sizeBytes: sql`(${total})` })
      .where(eq(recordings.id, recordingId));
    return [...parts.map(({ key }) => key), ...variants];
  });
}

async function findOne(db: Db, where: SQL | undefined): Promise<Recording | undefined> {
  const [row] = await db
    .select()
    .from(recordings)
    .where(and(where, sql`kept_by is not null`))
    .orderBy(desc(recordings.generation))
    .limit(1);
  return row && toRecording(row);
}

async function list(
  db: Db,
  organizationId: string,
  workspaceIds: readonly string[] | undefined,
  page: PageRequest,
): Promise<Page<Recording>> {
  const { limit, cursor } = page;
  const place = workspaceIds
    ? sql`unnest(${`{${workspaceIds.join(',')}}`}::uuid[]) as place(id)`
    : sql`(select ${organizationId}::uuid) as place(id)`;
  const isThere = workspaceIds
    ? sql`${recordings.workspaceId} = place.id`
    : sql`${organizationBytes} = uuid_send(place.id)`;
  const after = cursor === undefined ? undefined : afterCursor(RECORDING_ORDER, cursor);
  const found = sql`
    select page.id from ${place} cross join lateral (
      select id, started_at from ${recordings}
      where ${and(isThere, sql`kept_by is not null`, after)}
      order by started_at desc, id desc limit ${limit + 1}
    ) as page order by page.started_at desc, page.id desc limit ${limit + 1}`;
  const rows = await db
    .select()
    .from(recordings)
    .where(
      and(
        eq(recordings.organizationId, organizationId),
        sql`${recordings.id} = any(array(${found}))`,
      ),
    )
    .orderBy(desc(recordings.startedAt), desc(recordings.id));
  const items = rows.map(toRecording);
  return toPage(
    items.map((one) => ({ ...one, createdAt: one.startedAt })),
    page,
  );
}

/** Recordings are in the order of their beginning. */
const RECORDING_ORDER = { createdAt: recordings.startedAt, id: recordings.id };

async function remove(db: Db, organizationId: string, id: string): Promise<boolean> {
  const isIt = and(eq(recordings.organizationId, organizationId), eq(recordings.id, id));
  const removed = await db
    .update(recordings)
    .set({ keptBy: null, isEmptied: false })
    .where(and(isIt, sql`not ${isRecorded} and kept_by is not null`))
    .returning({ id: recordings.id });
  return removed.length > 0;
}

async function listDoomed(db: Db, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: recordings.id })
    .from(recordings)
    .where(isDoomed)
    .orderBy(asc(recordings.id))
    .limit(limit);
  return rows.map(({ id }) => id);
}

async function expire(db: Db, olderThanMs: number, limit: number): Promise<number> {
  const old = db
    .select({ id: recordings.id })
    .from(recordings)
    .where(and(isReady, sql`ended_at < now() - ${age(olderThanMs)}`))
    .orderBy(asc(recordings.endedAt))
    .limit(limit)
    .for('update', { skipLocked: true });
  const expired = await db
    .update(recordings)
    .set({ state: 'expired' })
    .where(sql`${recordings.id} = any(array(${old}))`)
    .returning({ id: recordings.id });
  return expired.length;
}

async function forget(db: Db, recordingId: string): Promise<void> {
  const isIt = eq(recordings.id, recordingId);
  await db.transaction(async (tx) => {
    await tx.delete(recordings).where(and(isIt, isDoomed, sql`kept_by is null`));
    const kept = await tx
      .update(recordings)
      .set({ isEmptied: true, sizeBytes: 0 })
      .where(and(isIt, isDoomed))
      .returning({ id: recordings.id });
    if (kept.length === 0) return;
    await tx.delete(recordingMarks).where(eq(recordingMarks.recordingId, recordingId));
  });
}

function age(ms: number): SQL {
  return sql`make_interval(secs => ${ms / 1000}::double precision)`;
}

function toRecording({
  keptBy: _keptBy,
  claimedUntil: _claimedUntil,
  attempts: _attempts,
  isEmptied: _isEmptied,
  endedAt,
  ...row
}: Row): Recording {
  return { ...row, endedAt: endedAt ?? undefined };
}
