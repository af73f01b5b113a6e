import { asc, eq } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { organizations, workspaces } from '../schema/index.ts';

const DEFAULT_WORKSPACE = 'default';

export type Organization = typeof organizations.$inferSelect;

export async function findFirstOrganization(db: Db): Promise<Organization | undefined> {
  const [first] = await db
    .select()
    .from(organizations)
    .orderBy(asc(organizations.createdAt), asc(organizations.id))
    .limit(1);
  return first;
}

export async function findOrganization(db: Db, name: string): Promise<Organization | undefined> {
  const [found] = await db.select().from(organizations).where(eq(organizations.name, name));
  return found;
}

/** A new organization comes with the workspace `default`. */
export async function insertOrganization(db: Db, name: string): Promise<Organization> {
  return db.transaction(async (tx) => {
    const [organization] = await tx.insert(organizations).values({ name }).returning();
    if (!organization) throw new Error('insert returned no row');
    await tx
      .insert(workspaces)
      .values({ organizationId: organization.id, name: DEFAULT_WORKSPACE });
    return organization;
  });
}

/** Sets how many runtimes may be active at once; false when there is no such organization. */
export async function limitOrganization(
  db: Db,
  name: string,
  maxRuntimes: number | undefined,
): Promise<boolean> {
  const limited = await db
    .update(organizations)
    .set({ maxRuntimes: maxRuntimes ?? null })
    .where(eq(organizations.name, name))
    .returning({ id: organizations.id });
  return limited.length > 0;
}
