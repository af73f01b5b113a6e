import { and, eq, sql } from 'drizzle-orm';
import type { ProfileWriter } from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { isActive, runtimes } from '../schema/index.ts';

/** Whether a runtime is active and writes a profile. */
export function isActiveWriter(profileId: string) {
  return and(eq(runtimes.profileId, profileId), sql`writes_profile`, isActive);
}

/** The active runtime that writes a profile. */
export async function findProfileWriter(
  db: Db,
  profileId: string,
): Promise<ProfileWriter | undefined> {
  const [writer] = await db
    .select({ runtimeId: runtimes.id, alias: runtimes.alias, since: runtimes.createdAt })
    .from(runtimes)
    .where(isActiveWriter(profileId));
  return writer;
}
