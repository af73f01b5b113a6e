import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type {
  AuditStore,
  Page,
  PageRequest,
  WaitingAuditEntry,
} from '../../src/runtime-manager/runtime/index.ts';

type Walk = <T>(list: (page: PageRequest) => Promise<Page<T>>) => Promise<void>;

/** Carries out every statement of the audit. */
export async function keepAudit(
  store: AuditStore,
  { organizationId, workspaceId }: { organizationId: string; workspaceId: string },
  walk: Walk,
): Promise<void> {
  const entry = newAuditEntry({ organizationId, workspace: 'default' });
  const both = [entry, newAuditEntry({ organizationId, workspace: workspaceId })];
  await store.insert(both);
  await store.insert(both);
  const { keyId, verb } = entry;
  const page = { limit: 100, cursor: undefined };
  const { items, nextCursor } = await store.list(organizationId, { keyId, workspaceId }, page);
  assert.deepEqual([items.map(({ id }) => id), nextCursor], [[entry.id], undefined]);
  for (const filter of [
    {},
    { workspaceId },
    { verb },
    { verb: 'runtimes-create' },
    { from: new Date(0), to: new Date() },
    { keyId, workspaceId, verb, outcome: 'failed' },
  ] as const) {
    await walk((one) => store.list(organizationId, filter, one));
  }
}

export function newAuditEntry(
  given: Pick<WaitingAuditEntry, 'organizationId'> & Partial<WaitingAuditEntry>,
): WaitingAuditEntry {
  return {
    id: randomUUID(),
    keyId: randomUUID(),
    keyName: 'ci',
    origin: 'api',
    verb: 'runtimes-stop',
    workspace: undefined,
    target: undefined,
    path: '/v1/workspaces/default/runtimes/a/stop',
    status: 200,
    code: undefined,
    requestId: 'r',
    clientAddress: '127.0.0.1',
    ageMs: 0,
    ...given,
  };
}
