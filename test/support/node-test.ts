import { randomUUID } from 'node:crypto';
import { test as base } from 'vitest';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import type { CallScope, StartOrder } from '../../src/runtime-manager/node/runtime-node.ts';
import type { Runtime } from '../../src/runtime-manager/runtime/index.ts';
import type { RuntimeRequest } from '../../src/runtime-manager/runtime/new-runtime.ts';
import { present } from './records.ts';
import { orderOf, type NodeUnderTest } from './node-under-test.ts';

const REQUESTED = { to: 'stopped', reason: 'requested' } as const;

/** One organization on a node. */
export interface Tenant extends Omit<NodeUnderTest, keyof AsyncDisposable> {
  organizationId: string;
  create: (request?: Partial<RuntimeRequest>, scope?: CallScope) => Promise<Runtime>;
  start: (life: StartOrder, scope?: CallScope) => Promise<Runtime>;
  /** As it is recorded now. */
  find: (runtime: Runtime) => Promise<Runtime | undefined>;
}

export type NodeTest = ReturnType<typeof nodeTest>;

/** Tests with a node for their file, and organizations of their own on it. */
export function nodeTest(open: () => Promise<NodeUnderTest>) {
  return base
    .extend('subject', { scope: 'file' }, async ({}, { onCleanup }) => {
      const subject = await open();
      onCleanup(() => subject[Symbol.asyncDispose]());
      return subject;
    })
    .extend('tenant', ({ subject }, { onCleanup }) => openTenant(subject, onCleanup))
    .extend('other', ({ subject }, { onCleanup }) => openTenant(subject, onCleanup));
}

type OnCleanup = (end: () => Promise<void>) => void;

/** Its runtimes end with the test. */
async function openTenant(subject: NodeUnderTest, onCleanup: OnCleanup): Promise<Tenant> {
  const { node, store, database } = subject;
  const { id: organizationId } = await insertOrganization(database.db, randomUUID());
  onCleanup(async () => {
    const active = (await store.listActive(node.id)).filter(
      (one) => one.organizationId === organizationId,
    );
    await Promise.all(active.map((one) => node.stop(one, REQUESTED)));
  });
  return {
    ...subject,
    organizationId,
    create: async (request, scope = {}) =>
      present(await node.create(orderOf(organizationId, request), scope)),
    start: async (life, scope = {}) => present(await node.start(life, scope)),
    find: ({ workspaceId, id }) => store.find(organizationId, workspaceId, id),
  };
}
