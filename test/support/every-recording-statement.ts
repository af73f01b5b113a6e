import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  PLAIN_RECORDING,
  type NewRecordingPart,
  type RecordingStore,
} from '../../src/runtime-manager/runtime/index.ts';

const PAGE = 100;
const MINUTE_MS = 60_000;

/** Carries out every statement of recordings, and leaves nothing. */
export async function keepRecordings(
  store: RecordingStore,
  life: { organizationId: string; runtimeId: string; workspaceId: string; nodeId: string },
): Promise<void> {
  const { organizationId, runtimeId, workspaceId, nodeId } = life;
  const page = { cursor: undefined, limit: PAGE };
  const [id, lost] = [randomUUID(), randomUUID()];
  const wish = { alias: 'a', nodeId, options: PLAIN_RECORDING, startedAt: new Date() };
  const begun = { ...wish, organizationId, runtimeId, workspaceId };
  await store.begin({ ...begun, id, generation: 1000 });
  await store.begin({ ...begun, id: lost, generation: 0 });
  assert.equal((await store.listHeld(nodeId)).length, 2);
  assert.equal(await store.endAbandoned(MINUTE_MS), 1);
  assert(await store.addPart(id, newPart('first')));
  await store.addMarks(id, [{ atMs: 1, type: 'tab.opened', tabId: 't', data: { url: 'u' } }]);
  assert.deepEqual(await store.listTabs(id), [{ id: 't', title: '', url: 'u' }]);
  assert.equal((await store.listMarks(id, { after: '0', limit: PAGE })).length, 1);
  const [part] = await store.listParts(id, { after: '0', limit: PAGE });
  assert(part);
  assert.deepEqual(await store.findPart(id, part.id), part);
  assert.equal(await store.remove(organizationId, id), false);
  await convertPart(store, part.id);
  await store.end(id, new Date());
  for (const expected of [lost, id]) {
    const claimed = await store.claim(MINUTE_MS);
    assert.equal(claimed?.recording.id, expected);
    await store.hold(expected, MINUTE_MS);
    assert(await store.finish(expected, [newPart('joined')], [part.id]));
  }
  assert.equal((await store.find(organizationId, id))?.state, 'ready');
  assert.equal((await store.findOf({ organizationId, id: runtimeId }))?.id, id);
  for (const workspaceIds of [undefined, [workspaceId]]) {
    assert((await store.list(organizationId, workspaceIds, page)).items.length > 0);
  }
  assert.equal(await store.expire(30 * 86_400_000, PAGE), PAGE);
  for (const one of [id, lost]) assert(await store.remove(organizationId, one));
  const doomed = await store.listDoomed(PAGE + 2);
  assert.equal(doomed.length, PAGE + 2);
  for (const one of doomed) {
    const parts = await store.listParts(one, { after: '0', limit: PAGE });
    await store.forgetParts(
      one,
      parts.map((each) => each.id),
    );
    await store.forget(one);
  }
  assert.deepEqual(await store.listDoomed(PAGE), []);
}

async function convertPart(store: RecordingStore, partId: string): Promise<void> {
  assert(await store.requestVariant(partId));
  assert.equal((await store.claimVariant(MINUTE_MS))?.part.id, partId);
  await store.holdVariant(partId, MINUTE_MS);
  await store.releaseVariant(partId);
  assert(await store.finishVariant(partId, { key: 'new variant', sizeBytes: 1 }));
  await store.failVariant(partId, 'failed');
  assert.deepEqual(await store.listVariantKeys([partId]), ['new variant']);
}

function newPart(key: string): NewRecordingPart {
  const size = { width: 1, height: 1, sizeBytes: 1 };
  return { tabId: 't', startMs: 0, endMs: 1, key: `new ${key} ${randomUUID()}`, ...size };
}
