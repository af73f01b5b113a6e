import { randomUUID } from 'node:crypto';
import { eq, inArray, sql } from 'drizzle-orm';
import { expect, test as base } from 'vitest';
import { createNodeStore } from '../../src/db/queries/nodes.ts';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { nodes, organizations } from '../../src/db/schema/index.ts';
import type { NewNode, RunningMove, Runtime } from '../../src/runtime-manager/runtime/index.ts';
import { openTestDatabase, openTestSecrets } from './database.ts';
import { insertRecord, newRecord } from './records.ts';

export const MINUTE_MS = 60_000;
/** A lease that is over when it begins. */
export const OVER_MS = -1;

/** With a database of its own, in which processes join a cluster and have runtimes. */
export const test = base
  .extend('database', async ({}, { onCleanup }) => {
    const database = await openTestDatabase();
    onCleanup(() => database[Symbol.asyncDispose]());
    return database;
  })
  .extend('cluster', async ({ database }) => {
    const { db } = database;
    const store = createRuntimeStore(database, await openTestSecrets({ db }), {
      maxRuntimesPerOrganization: 1000,
    });
    const members = createNodeStore(database);
    const statesOf = async (ids: readonly string[]) => {
      const rows = await db.select().from(nodes).where(inArray(nodes.id, ids));
      return ids.map((id) => rows.find((row) => row.id === id)?.state);
    };
    const openOrganization = async () => (await insertOrganization(db, randomUUID())).id;
    const insert = (organizationId: string, nodeId: string, running?: RunningMove) =>
      insertRecord(store, organizationId, newRecord({ nodeId, running }));
    const recordOf = ({ organizationId, id }: Runtime) => store.find(organizationId, 'default', id);
    return { db, store, members, statesOf, openOrganization, insert, recordOf };
  })
  .extend('assertPlaces', async ({ database: { db } }) => async (organizationIds: string[]) => {
    for (const id of organizationIds) {
      const [row] = await db.select().from(organizations).where(eq(organizations.id, id));
      const [{ active } = { active: undefined }] = await db.execute<{ active: number }>(sql`
        select count(*)::integer as active from runtimes
        where organization_id = ${id} and state not in ('stopped', 'failed')`);
      expect(row?.activeRuntimes).toBe(active);
    }
  });

export function member(id: string = randomUUID()): NewNode {
  return { id, role: 'node', address: '10.0.0.7:9000', build: 'b', protocol: 1 };
}

/** In their order. */
export function idsOf(some: readonly { id: string }[]): string[] {
  return some.map(({ id }) => id).toSorted();
}
