import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { OperationResult, OperationStore } from '../../src/runtime-manager/runtime/index.ts';

/** Carries out every statement of operations; they go with their runtime. */
export async function keepOperations(
  store: OperationStore,
  place: { organizationId: string; runtimeId: string; workspaceId: string; nodeId: string },
): Promise<void> {
  const progress = { step: 0, totalSteps: 2 };
  const [id, left] = [randomUUID(), randomUUID()];
  const about = { ...place, alias: 'a', status: 'queued', progress } as const;
  assert(await store.insert({ ...about, id }));
  assert.equal(await store.insert({ ...about, id }), false);
  assert(await store.insert({ ...about, id: left }));
  await store.begin(id);
  await store.progress(id, { ...progress, step: 1 });
  const result: OperationResult = { mode: 'fail-fast', steps: [] };
  await store.end(id, { status: 'succeeded', progress, result, error: undefined });
  await store.interrupt(place.nodeId);
  const over = await store.find(place.organizationId, id);
  assert.equal(over?.status, 'succeeded');
  const interrupted = await store.find(place.organizationId, left);
  assert.equal(interrupted?.error?.code, 'operation.interrupted');
}
