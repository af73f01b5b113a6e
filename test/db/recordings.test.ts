import { expect, test } from 'vitest';
import { newPart, openStoredRecordings } from '../support/stored-recordings.ts';

test('a recording may last for months, and its videos be larger than 4 GB', async () => {
  const { store, begin } = await openStoredRecordings();
  const id = await begin();
  const large = { startMs: 4_000_000_000, endMs: 5_000_000_000, sizeBytes: 6_000_000_000 };
  expect(await store.addPart(id, { ...newPart(id), ...large })).toBe(true);
  const mark = { atMs: 5_000_000_000, type: 'tab.closed', tabId: 't', data: {} };
  await store.addMarks(id, [mark]);
  const all = { after: '0', limit: 10 };
  expect(await store.listParts(id, all)).toEqual([expect.objectContaining(large)]);
  expect(await store.listMarks(id, all)).toEqual([{ ...mark, id: expect.any(String) }]);
});
