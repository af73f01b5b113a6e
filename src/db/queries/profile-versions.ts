import { and, desc, eq, inArray, lt, ne, not, notInArray, or, sql } from 'drizzle-orm';
import {
  RuntimeError,
  type NewVersion,
  type Profile,
  type ProfileLease,
  type ProfileStore,
  type ProfileVersion,
  type RuntimeLife,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { browserProfiles, profileVersions, runtimes } from '../schema/index.ts';
import type { Sealing } from '../sealing.ts';
import { unsealConfig } from './proxy-passwords.ts';
import { isActiveWriter } from './profile-writers.ts';

type ProfileRow = typeof browserProfiles.$inferSelect;

/** What the core keeps of profiles, in Postgres. */
export function createProfileStore(db: Db, secrets: Sealing): ProfileStore {
  const toLease = async (row: ProfileRow | undefined): Promise<ProfileLease | undefined> =>
    row && {
      profile: toProfile(row, secrets),
      fence: row.fence,
      version: await currentVersion(db, row),
    };
  return {
    findProfile: async (organizationId, id) => {
      const row = await findRow(db, organizationId, id);
      return row && toProfile(row, secrets);
    },
    lease: async (life, profileId) => toLease(await leaseRow(db, life, profileId)),
    read: async (organizationId, profileId) =>
      toLease(await findRow(db, organizationId, profileId)),
    addVersion: (organizationId, profileId, version) =>
      addVersion(db, organizationId, profileId, version),
    findVersion: (organizationId, profileId, version) =>
      findVersion(db, organizationId, profileId, version),
    findVersionBefore: (profileId, version) => findVersionBefore(db, profileId, version),
    isSaved: (profileId, fence) => isSaved(db, profileId, fence),
    prune: (profileId, keep) => prune(db, profileId, keep),
  };
}

async function findRow(
  db: Db,
  organizationId: string,
  id: string,
): Promise<ProfileRow | undefined> {
  const [row] = await db.select().from(browserProfiles).where(isOf(organizationId, id));
  return row;
}

async function leaseRow(
  db: Db,
  { organizationId, id, generation }: RuntimeLife,
  profileId: string,
): Promise<ProfileRow | undefined> {
  const isWriter = and(
    isActiveWriter(profileId),
    eq(runtimes.id, id),
    eq(runtimes.generation, generation),
  );
  const [row] = await db
    .update(browserProfiles)
    .set({
      fence: sql`${browserProfiles.fence} + 1`,
      updatedAt: sql`${browserProfiles.updatedAt}`,
    })
    .where(
      and(
        isOf(organizationId, profileId),
        sql`exists (select 1 from ${runtimes} where ${isWriter})`,
      ),
    )
    .returning();
  return row;
}

/**
 * The database guarantees that the current version exists; it may only change between two reads.
 */
async function currentVersion(
  db: Db,
  { organizationId, id, currentVersion: version }: ProfileRow,
): Promise<ProfileVersion | undefined> {
  if (version === null) return undefined;
  const found = await findVersion(db, organizationId, id, version);
  if (found) return found;
  throw new RuntimeError('service.unavailable', 'The profile is being changed by another request.');
}

async function findVersion(
  db: Db,
  organizationId: string,
  profileId: string,
  version: number,
): Promise<ProfileVersion | undefined> {
  const [row] = await db
    .select()
    .from(profileVersions)
    .where(
      and(
        eq(profileVersions.organizationId, organizationId),
        eq(profileVersions.profileId, profileId),
        eq(profileVersions.version, version),
      ),
    );
  return row && toVersion(row);
}

async function findVersionBefore(
  db: Db,
  profileId: string,
  version: number,
): Promise<ProfileVersion | undefined> {
  const [row] = await db
    .select()
    .from(profileVersions)
    .where(
      and(
        eq(profileVersions.profileId, profileId),
        lt(profileVersions.version, version),
        ne(profileVersions.kind, 'recovered'),
      ),
    )
    .orderBy(desc(profileVersions.version))
    .limit(1);
  return row && toVersion(row);
}

async function isSaved(db: Db, profileId: string, fence: number): Promise<boolean> {
  const [row] = await db
    .select({ version: profileVersions.version })
    .from(profileVersions)
    .where(
      and(
        eq(profileVersions.profileId, profileId),
        eq(profileVersions.fence, fence),
        inArray(profileVersions.kind, ['saved', 'recovered']),
      ),
    )
    .limit(1);
  return row !== undefined;
}

export function isOf(organizationId: string, profileId: string) {
  return and(eq(browserProfiles.organizationId, organizationId), eq(browserProfiles.id, profileId));
}

/** Makes a version the one that launches begin from, unless a writer is active. */
export async function restoreVersion(
  db: Db,
  organizationId: string,
  profileId: string,
  version: number,
): Promise<'restored' | 'absent' | 'in_use'> {
  const isIdle = sql`not exists (select 1 from ${runtimes} where ${isActiveWriter(profileId)})`;
  const exists = sql`exists (select 1 from ${profileVersions} where ${and(
    eq(profileVersions.profileId, profileId),
    eq(profileVersions.version, version),
  )})`;
  const [restored] = await db
    .update(browserProfiles)
    .set({ currentVersion: version, fence: sql`${browserProfiles.fence} + 1` })
    .where(and(isOf(organizationId, profileId), isIdle, exists))
    .returning({ id: browserProfiles.id });
  if (restored) return 'restored';
  return (await findVersion(db, organizationId, profileId, version)) ? 'in_use' : 'absent';
}

/**
 * Adds a version. A writer whose fence is not the newest may keep its state, but not as the
 * profile's current version.
 */
async function addVersion(
  db: Db,
  organizationId: string,
  profileId: string,
  { kind, archive, fence, runtimeId }: NewVersion,
): Promise<ProfileVersion | undefined> {
  const isCurrent = sql`(${fence}::bigint = fence and ${kind} <> 'recovered')`;
  const rows = await db.execute(sql`
    with profile as (
      update ${browserProfiles} set
        last_version = last_version + 1,
        current_version = case when ${isCurrent} then last_version + 1 else current_version end
      where ${isOf(organizationId, profileId)}
      returning id, organization_id, last_version, ${isCurrent} as is_current
    )
    insert into ${profileVersions}
      (profile_id, version, organization_id, kind, key, size_bytes, sha256, runtime_id, fence)
    select id, last_version, organization_id,
      (case when is_current then ${kind} else 'recovered' end)::profile_version_kind,
      ${archive.key}, ${archive.sizeBytes}::bigint, ${archive.sha256}, ${runtimeId ?? null}::uuid,
      ${fence}::bigint
    from profile returning version`);
  const version = rows[0]?.['version'];
  if (typeof version !== 'number') return undefined;
  return findVersion(db, organizationId, profileId, version);
}

async function prune(
  db: Db,
  profileId: string,
  { count, since }: { count: number; since: Date },
): Promise<ProfileVersion[]> {
  const ofProfile = eq(profileVersions.profileId, profileId);
  const isCheckpoint = eq(profileVersions.kind, 'checkpoint');
  const newest = db
    .select({ version: profileVersions.version })
    .from(profileVersions)
    .where(and(ofProfile, not(isCheckpoint)))
    .orderBy(desc(profileVersions.version))
    .limit(count);
  const isReplaced = sql`exists (select 1 from ${profileVersions} as later
    where later.profile_id = ${profileId} and later.fence = ${profileVersions.fence}
    and later.version > ${profileVersions.version})`;
  const isTooMany = and(
    not(isCheckpoint),
    or(notInArray(profileVersions.version, newest), lt(profileVersions.createdAt, since)),
  );
  const isKept = sql`${profileVersions.version} in (
    select unnest(array[current_version, last_version]) from ${browserProfiles}
    where ${browserProfiles.id} = ${profileId})`;
  const pruned = await db
    .delete(profileVersions)
    .where(and(ofProfile, or(and(isCheckpoint, isReplaced), isTooMany), sql`not (${isKept})`))
    .returning();
  return pruned.map(toVersion);
}

function toProfile(row: ProfileRow, secrets: Sealing): Profile {
  const { id, organizationId, extensionIds, fingerprint } = row;
  const config = unsealConfig(row.config, secrets);
  return { id, organizationId, config, extensionIds, fingerprint };
}

export function toVersion(row: typeof profileVersions.$inferSelect): ProfileVersion {
  const { profileId, version, kind, key, sizeBytes, sha256, runtimeId, createdAt } = row;
  return {
    profileId,
    version,
    kind,
    key,
    sizeBytes,
    sha256,
    runtimeId: runtimeId ?? undefined,
    createdAt,
  };
}
