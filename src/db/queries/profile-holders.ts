import { and, eq, sql } from 'drizzle-orm';
import { RuntimeError } from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { isActive, runtimes } from '../schema/index.ts';

/** Whether a runtime is active and writes a profile. */
export function isActiveWriter(profileId: string) {
  return and(eq(runtimes.profileId, profileId), sql`writes_profile`, isActive);
}

/** The active runtime that writes a profile. */
export async function findProfileHolder(db: Db, profileId: string) {
  const [holder] = await db
    .select({ runtimeId: runtimes.id, alias: runtimes.alias, since: runtimes.createdAt })
    .from(runtimes)
    .where(isActiveWriter(profileId));
  return holder;
}

/** The refusal of a second writer, which names the first. */
export async function profileInUse(
  db: Db,
  profileId: string,
  cause?: unknown,
): Promise<RuntimeError> {
  const holder = await findProfileHolder(db, profileId);
  const who = holder ? `The runtime ${holder.alias}` : 'Another runtime';
  return new RuntimeError('profile.in_use', `${who} writes this profile.`, {
    cause,
    ...(holder && { details: { ...holder, since: holder.since.toISOString() } }),
  });
}
