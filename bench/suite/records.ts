import { randomUUID } from 'node:crypto';
import type { Database } from '../../src/db/client.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { Sealing } from '../../src/db/sealing.ts';
import type { RuntimeStore } from '../../src/runtime-manager/runtime/index.ts';
import { insertRecord, newRecord, RUNNING } from '../../test/support/records.ts';

/** The records of runtimes as the service keeps them, with room for so many of an organization. */
export async function openStore(
  database: Database,
  maxRuntimesPerOrganization: number,
): Promise<RuntimeStore> {
  const secrets = await Sealing.open(database.db, 'a key for measurements');
  return createRuntimeStore(database, secrets, { maxRuntimesPerOrganization });
}

/** The records of a create and a stop: the store does not ask whether there is such a browser. */
export async function recordLife(store: RuntimeStore, organizationId: string): Promise<void> {
  const life = await insertRecord(
    store,
    organizationId,
    newRecord({ nodeId: randomUUID(), running: RUNNING }),
  );
  const stopped = await store.move(life, { to: 'stopped', reason: 'requested' });
  if (!stopped) throw new Error('a runtime was not stopped');
}

/** The record of a create that is under way. */
export async function recordActive(store: RuntimeStore, organizationId: string): Promise<void> {
  await insertRecord(store, organizationId, newRecord({ nodeId: randomUUID() }));
}

/** Does it so many times, so many of them at once. */
export async function repeat(
  { times, atOnce }: { times: number; atOnce: number },
  work: () => Promise<unknown>,
): Promise<void> {
  let left = times;
  const worker = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
