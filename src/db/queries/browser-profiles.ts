import { and, desc, eq, sql } from 'drizzle-orm';
import type {
  BrowserConfig,
  Fingerprint,
  Page,
  PageRequest,
  ProfileVersion,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { browserProfiles, isOver, profileVersions, runtimes } from '../schema/index.ts';
import type { Sealing } from '../sealing.ts';
import { sealConfig } from './browser-configs.ts';
import { isViolation } from './database-errors.ts';
import { afterCursor, toPage } from './pages.ts';
import { isOf, toVersion } from './profile-versions.ts';

/** A profile as it is listed. Its password is sealed here. */
export type BrowserProfile = typeof browserProfiles.$inferSelect;

export interface ProfileValues {
  name: string;
  config: BrowserConfig;
  extensionIds: string[];
  fingerprint: Fingerprint;
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
  return inserted;
}

export async function findProfile(
  db: Db,
  organizationId: string,
  id: string,
): Promise<BrowserProfile | undefined> {
  const [found] = await db.select().from(browserProfiles).where(isOf(organizationId, id));
  return found;
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
  return toPage(rows, page);
}

export async function updateProfile(
  db: Db,
  secrets: Sealing,
  { organizationId, id }: { organizationId: string; id: string },
  { config, ...values }: { [Field in keyof ProfileValues]?: ProfileValues[Field] | undefined },
): Promise<BrowserProfile | 'absent' | 'name_in_use'> {
  try {
    const [updated] = await db
      .update(browserProfiles)
      .set({
        ...values,
        ...(config && { config: sealConfig(config, secrets) }),
        updatedAt: new Date(),
      })
      .where(isOf(organizationId, id))
      .returning();
    return updated ?? 'absent';
  } catch (error) {
    if (isViolation(error, 'unique', 'browser_profiles_name')) return 'name_in_use';
    throw error;
  }
}

/** Records of runtimes that are over forget the profile; one that is active keeps it. */
export async function deleteProfile(
  db: Db,
  organizationId: string,
  id: string,
): Promise<'deleted' | 'absent' | 'in_use'> {
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
      return deleted.length > 0 ? 'deleted' : 'absent';
    });
  } catch (error) {
    if (isViolation(error, 'foreignKey', 'runtimes_profile')) return 'in_use';
    throw error;
  }
}

/** Newest first. */
export async function listVersions(
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
