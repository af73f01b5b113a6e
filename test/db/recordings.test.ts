import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { newKey, newPart, openStoredRecordings } from '../support/stored-recordings.ts';

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

test('an event tells once that a recording is ready', async () => {
  const { database, store, begin, addPart } = await openStoredRecordings();
  const recordingId = await begin();
  const { id } = await addPart(recordingId);
  await database.db.execute(sql`update recordings set state = 'encoding', ended_at = now()`);
  const joined = { ...newPart(newKey(recordingId)), tabId: 'a' };
  await store.finish(recordingId, [joined], [id]);
  await store.finish(recordingId, [joined], [id]);
  const events = await database.db.execute(
    sql`select type, data from runtime_events where type like 'recording.%'`,
  );
  expect(events).toEqual([{ type: 'recording.ready', data: { recordingId, generation: 1 } }]);
});
