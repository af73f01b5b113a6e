import { and, eq, sql, type SQL } from 'drizzle-orm';
import type {
  ClaimedVariant,
  RecordingStore,
  RecordingVariant,
  StoredVideo,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { isWanted, recordingParts, recordings, recordingVariants } from '../schema/index.ts';

type Variants = Pick<
  RecordingStore,
  | 'requestVariant'
  | 'claimVariant'
  | 'holdVariant'
  | 'releaseVariant'
  | 'finishVariant'
  | 'failVariant'
  | 'listVariantKeys'
>;

/** A failure may have had a reason that has passed since. */
const FAILED_MS = 3_600_000;

/** The parts of recordings as H.264. */
export function createRecordingVariants(db: Db): Variants {
  return {
    requestVariant: (partId) => request(db, partId),
    claimVariant: (forMs) => claim(db, forMs),
    holdVariant: async (partId, forMs) => {
      await db
        .update(recordingVariants)
        .set({ claimedUntil: sql`now() + ${age(forMs)}` })
        .where(and(isOf(partId), isWanted));
    },
    releaseVariant: async (partId) => {
      await db
        .update(recordingVariants)
        .set({ claimedUntil: null, attempts: sql`attempts - 1` })
        .where(and(isOf(partId), isWanted));
    },
    finishVariant: (partId, video) => finish(db, partId, video),
    failVariant: async (partId, failure) => {
      await db
        .update(recordingVariants)
        .set({ failure })
        .where(and(isOf(partId), isWanted));
    },
    listVariantKeys: (partIds) => listVariantKeys(db, partIds),
  };
}

export async function listVariantKeys(
  db: Pick<Db, 'select'>,
  partIds: readonly string[],
): Promise<string[]> {
  const rows = await db
    .select({ key: recordingVariants.key })
    .from(recordingVariants)
    .where(sql`${recordingVariants.partId} = any(${`{${partIds.join(',')}}`}::bigint[])`);
  return rows.flatMap(({ key }) => key ?? []);
}

async function request(db: Db, partId: string): Promise<RecordingVariant | undefined> {
  const known = await find(db, partId);
  if (known && known.failure === undefined) return known;
  // A part that is being removed takes no more.
  await db.execute(sql`
    insert into ${recordingVariants} (part_id)
    select id from ${recordingParts} where id = ${BigInt(partId)} for key share
    on conflict (part_id) do update
      set failure = null, attempts = 0, claimed_until = null, requested_at = now()
      where ${recordingVariants.failure} is not null
        and ${recordingVariants.requestedAt} < now() - ${age(FAILED_MS)}`);
  return find(db, partId);
}

async function find(db: Db, partId: string): Promise<RecordingVariant | undefined> {
  const [row] = await db.select().from(recordingVariants).where(isOf(partId));
  if (!row) return undefined;
  const { key, sizeBytes, failure } = row;
  return {
    video: key === null ? undefined : { key, sizeBytes },
    failure: failure ?? undefined,
  };
}

async function claim(db: Db, forMs: number): Promise<ClaimedVariant | undefined> {
  const [row] = await db.execute<{
    recordingId: string;
    id: string;
    key: string;
    attempts: number;
  }>(sql`
    update ${recordingVariants} as variant
    set claimed_until = now() + ${age(forMs)}, attempts = variant.attempts + 1
    from ${recordingParts} as part
    where part.id = variant.part_id and variant.part_id = (
      select part_id from ${recordingVariants}
      where ${isWanted} and coalesce(claimed_until < now(), true)
      order by requested_at limit 1 for update skip locked
    )
    returning part.recording_id as "recordingId", part.id::text, part.key, variant.attempts`);
  if (!row) return undefined;
  const { recordingId, id, key, attempts } = row;
  return { recordingId, part: { id, key }, attempts };
}

/**
 * The recording is locked first, as by whoever removes or replaces its parts: either they see the
 * object, or this sees that the part is nobody's.
 */
async function finish(db: Db, partId: string, { key, sizeBytes }: StoredVideo): Promise<boolean> {
  const rows = await db.execute(sql`
    with kept as (
      select recording.id from ${recordings} as recording
      where recording.id = (select recording_id from ${recordingParts} where id = ${BigInt(partId)})
        and recording.kept_by is not null and recording.state <> 'expired'
      for share
    )
    update ${recordingVariants} as variant
    set key = ${key}, size_bytes = ${sizeBytes}, failure = null
    from kept where variant.part_id = ${BigInt(partId)} and variant.key is null
    returning variant.part_id`);
  return rows.length > 0;
}

function isOf(partId: string): SQL {
  return eq(recordingVariants.partId, BigInt(partId));
}

function age(ms: number): SQL {
  return sql`make_interval(secs => ${ms / 1000}::double precision)`;
}
