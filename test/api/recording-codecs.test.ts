import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { createRecordingStore } from '../../src/db/queries/recordings.ts';
import { PLAIN_RECORDING } from '../../src/runtime-manager/runtime/index.ts';
import { test } from '../support/api-test.ts';
import { newKey, newPart } from '../support/stored-recordings.ts';

test.for([
  ['unsupported', 422, 'recording.codec_unavailable'],
  ['failed', 502, 'recording.conversion_failed'],
] as const)(
  'H.264 that is %s is answered with %i',
  async ([failure, status, code], { service, workspace }) => {
    const store = createRecordingStore(service.database.db);
    const { id: runtimeId, alias, generation } = await workspace.create();
    const { $client: client } = service.database.db;
    const [runtime] = await client<{ organization_id: string; node_id: string }[]>`
      select organization_id, node_id from runtimes where id = ${runtimeId}`;
    const { organization_id: organizationId = '', node_id: nodeId = '' } = runtime ?? {};
    const id = randomUUID();
    const of = { organizationId, workspaceId: workspace.id, runtimeId, alias, generation, nodeId };
    await store.begin({ id, ...of, options: PLAIN_RECORDING, startedAt: new Date() });
    await store.addPart(id, newPart(newKey(id)));
    await store.end(id, new Date());
    await store.finish(id, [], []);
    const [part] = await store.listParts(id, { after: '0', limit: 1 });
    const path = `/v1/recordings/${id}/${part?.tabId}.mp4?codec=h264`;
    for (let times = 0; times < 2; times++) {
      expect(await service.call('GET', path)).toMatchObject({
        status: 202,
        json: { status: 'converting' },
      });
    }
    expect((await store.claimVariant(60_000))?.part.id).toBe(part?.id);
    await store.failVariant(part?.id ?? '', failure);
    expect(await service.call('GET', path)).toMatchObject({
      status,
      json: { code, hint: expect.stringContaining('without `codec`') },
    });
  },
);
