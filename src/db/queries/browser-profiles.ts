import { and, desc, eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import type {
  BrowserProfile,
  BrowserProfileStore,
  Page,
  PageRequest,
  ProfileChanges,
  ProfileValues,
  ProfileVersion,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { browserProfiles, isOver, profileVersions, runtimes } from '../schema/index.ts';
import type { Sealing } from '../sealing.ts';
import { hidePassword, sealConfig } from './proxy-passwords.ts';
import { isViolation } from './database-errors.ts';
import { afterCursor, toPage } from './pages.ts';
import { isOf, restoreVersion, toVersion } from './profile-versions.ts';
import { findProfileWriter } from './profile-writers.ts';

type Row = typeof browserProfiles.$inferSelect;

/** What the core keeps of the profiles that customers see, in Postgres. */
export function createBrowserProfileStore(db: Db, secrets: Sealing): BrowserProfileStore {
  return {
    insert: (organizationId, values) => insertProfile(db, secrets, organizationId, values),
    find: (organizationId, id) => findProfile(db, organizationId, id),
    list: (organizationId, page) => listProfiles(db, organizationId, page),
    update: (organizationId, id, { config, ...changes }) => {
      const sealed = config && sealConfig(config, secrets);
      return updateProfile(db, { organizationId, id }, { ...changes, config: sealed });
    },
    remove: (organizationId, id) => removeProfile(db, organizationId, id),
    listVersions: (organizationId, id) => listVersions(db, organizationId, id),
    restore: (organizationId, id, version) => restoreVersion(db, organizationId, id, version),
    findWriter: (id) => findProfileWriter(db, id),
  };
}

/** Undefined when the name is taken. */
export async function insertProfile(
  db: Db,
  secrets: Sealing,
  organizationId: string,
  values: ProfileValues,
): Promise<BrowserProfile | undefined> {
  const config = sealConfig(values.config, secrets);
  const [inserted] = await db
    .insert(browserProfiles)
    .values({ ...values, config, organizationId })
    .onConflictDoNothing({ target: [browserProfiles.organizationId, browserProfiles.name] })
    .returning();
  return inserted && toProfile(inserted);
}

async function findProfile(
  db: Db,
  organizationId: string,
  id: string,
): Promise<BrowserProfile | undefined> {
  if (!z.uuid().safeParse(id).success) return undefined;
  const [found] = await db.select().from(browserProfiles).where(isOf(organizationId, id));
  return found && toProfile(found);
}

export async function listProfiles(
  db: Db,
  organizationId: string,
  page: PageRequest,
): Promise<Page<BrowserProfile>> {
  const rows = await db
    .select()
    .from(browserProfiles)
    .where(
      and(
        eq(browserProfiles.organizationId, organizationId),
        afterCursor(browserProfiles, page.cursor),
      ),
    )
    .orderBy(desc(browserProfiles.createdAt), desc(browserProfiles.id))
    .limit(page.limit + 1);
  return toPage(rows.map(toProfile), page);
}

/** Changes a profile; the configuration is sealed already. */
async function updateProfile(
  db: Db,
  { organizationId, id }: Pick<BrowserProfile, 'organizationId' | 'id'>,
  changes: ProfileChanges,
): Promise<BrowserProfile | 'absent' | 'name_in_use'> {
  try {
    const [updated] = await db
      .update(browserProfiles)
      .set({ ...changes, updatedAt: new Date() })
      .where(isOf(organizationId, id))
      .returning();
    return updated ? toProfile(updated) : 'absent';
  } catch (error) {
    if (isViolation(error, 'unique', 'browser_profiles_name')) return 'name_in_use';
    throw error;
  }
}

/**
 * Deletes a profile. The records of ended runtimes forget the profile; an active runtime keeps it.
 */
async function removeProfile(
  db: Db,
  organizationId: string,
  id: string,
): Promise<'removed' | 'absent' | 'in_use'> {
  try {
    return await db.transaction(async (tx) => {
      await tx
        .update(runtimes)
        .set({ profileId: null, updatedAt: sql`${runtimes.updatedAt}` })
        .where(
          and(eq(runtimes.organizationId, organizationId), eq(runtimes.profileId, id), isOver),
        );
      const deleted = await tx
        .delete(browserProfiles)
        .where(isOf(organizationId, id))
        .returning({ id: browserProfiles.id });
      return deleted.length > 0 ? 'removed' : 'absent';
    });
  } catch (error) {
    if (isViolation(error, 'foreignKey', 'runtimes_profile')) return 'in_use';
    throw error;
  }
}

/** Newest first. */
async function listVersions(
  db: Db,
  organizationId: string,
  profileId: string,
): Promise<ProfileVersion[]> {
  const rows = await db
    .select()
    .from(profileVersions)
    .where(
      and(
        eq(profileVersions.organizationId, organizationId),
        eq(profileVersions.profileId, profileId),
      ),
    )
    .orderBy(desc(profileVersions.version));
  return rows.map(toVersion);
}

function toProfile(row: Row): BrowserProfile {
  const { fence: _, lastVersion: __, currentVersion, config, ...rest } = row;
  return {
    ...rest,
    config: hidePassword(config),
    currentVersion: currentVersion ?? undefined,
  };
}
