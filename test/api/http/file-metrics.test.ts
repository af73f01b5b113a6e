import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { createMetrics } from '../../../src/api/http/metrics.ts';
import { Files } from '../../../src/runtime-manager/index.ts';
import { systemActor } from '../../../src/runtime-manager/runtime/index.ts';
import { openFiles } from '../../support/files.ts';
import { STORAGES } from '../../support/storages.ts';

test('uploads that are stored are counted with their bytes, and downloads by what became of them', async () => {
  const metrics = createMetrics({ version: '1' });
  const { store, organizationId } = await openFiles();
  const files = new Files({
    store,
    storage: await STORAGES['a directory'](),
    limits: { fileBytes: 100, organizationBytes: 15 },
    metrics: metrics.files,
    removal: { soon: () => undefined },
  });
  const actor = systemActor(organizationId);
  const upload = (path: string, text: string) =>
    files.upload(
      actor,
      'main',
      { path, contentType: 'text/plain', isReplacing: false },
      Readable.from([text]),
    );
  await upload('a', '12345');
  await upload('b', '1234567');
  await expect(upload('a', '1')).rejects.toMatchObject({ code: 'file.path_in_use' });
  await expect(upload('c', '1234')).rejects.toMatchObject({ code: 'storage.quota_exceeded' });
  metrics.files.download('stored');
  metrics.files.download('download.canceled');
  metrics.files.download('stored');
  expect((await metrics.expose(undefined)).text.split('\n')).toEqual(
    expect.arrayContaining([
      'bctrl_files_stored_total{source="upload"} 2',
      'bctrl_files_stored_bytes_total{source="upload"} 12',
      'bctrl_downloads_total{outcome="stored"} 2',
      'bctrl_downloads_total{outcome="download.canceled"} 1',
    ]),
  );
});

test('what the database does not tell is left out', async () => {
  const metrics = createMetrics({ version: '1' });
  metrics.showStorage(async () => undefined);
  expect((await metrics.expose(undefined)).text).not.toMatch(/^bctrl_storage_bytes /m);
});
