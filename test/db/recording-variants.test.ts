/** Parts of recordings as H.264, from the first wish until nobody keeps them any more. */
import { sql } from 'drizzle-orm';
import { expect, inject, test } from 'vitest';
import { embeddedAddress } from '../../src/db/embedded.ts';
import { createRecordingStore } from '../../src/db/queries/recordings.ts';
import { createStorageStore } from '../../src/db/queries/storages.ts';
import { BY_INDEXES, isWide, openExplained } from '../support/query-plans.ts';
import { newKey, newPart, openStoredRecordings } from '../support/stored-recordings.ts';

const WHILE_MS = 60_000;
const WANTED = { video: undefined, failure: undefined };

test('a part that is wanted is taken by one process, and made once', async () => {
  const { database, store, begin, addPart } = await openStoredRecordings();
  const recordingId = await begin();
  const { id, key: from } = await addPart(recordingId);
  expect(await store.claimVariant(WHILE_MS)).toBeUndefined();
  expect(await store.requestVariant(id)).toEqual(WANTED);
  expect(await store.requestVariant(id)).toEqual(WANTED);
  expect(await store.claimVariant(WHILE_MS)).toEqual({
    recordingId,
    part: { id, key: from },
    attempts: 1,
  });
  expect(await store.claimVariant(WHILE_MS)).toBeUndefined();

  const [first, second] = [newKey(recordingId), newKey(recordingId)];
  const video = { key: first, sizeBytes: 3_000_000_000 };
  expect(await store.finishVariant(id, video)).toBe(true);
  expect(await store.finishVariant(id, { key: second, sizeBytes: 1 })).toBe(false);
  await store.failVariant(id, 'failed');
  expect(await store.requestVariant(id)).toEqual({ video, failure: undefined });
  expect(await store.claimVariant(-WHILE_MS)).toBeUndefined();
  expect(await store.listVariantKeys([id])).toEqual([first]);
  const storages = createStorageStore(database.db);
  expect(await storages.namedKeys([first, second, from])).toEqual(new Set([first, from]));
});

test('what was wanted first is taken first, and again when its process is lost', async () => {
  const { store, begin, addPart } = await openStoredRecordings();
  const recordingId = await begin();
  const [older, newer] = [await addPart(recordingId), await addPart(recordingId)];
  await store.requestVariant(newer.id);
  await store.requestVariant(older.id);
  const taken = await store.claimVariant(-1);
  expect(taken?.part.id).toBe(newer.id);
  const again = await store.claimVariant(-1);
  expect(again).toMatchObject({ part: { id: newer.id }, attempts: 2 });
  await store.holdVariant(newer.id, WHILE_MS);
  const other = await store.claimVariant(WHILE_MS);
  expect(other?.part.id).toBe(older.id);
  await store.releaseVariant(newer.id);
  expect(await store.claimVariant(WHILE_MS)).toMatchObject({
    part: { id: newer.id },
    attempts: 2,
  });
});

test('processes that look at once take different parts', async () => {
  const { store, begin, addPart } = await openStoredRecordings();
  const recordingId = await begin();
  const parts = [];
  for (let n = 0; n < 4; n++) {
    const { id } = await addPart(recordingId);
    await store.requestVariant(id);
    parts.push(id);
  }
  const looks = Array.from({ length: 6 }, () => store.claimVariant(WHILE_MS));
  const taken = (await Promise.all(looks)).flatMap((one) => one?.part.id ?? []);
  expect(taken.toSorted()).toEqual(parts.toSorted());
});

test('a failure stands for an hour, then the part can be wanted again', async () => {
  const { database, store, begin, addPart } = await openStoredRecordings();
  const { id } = await addPart(await begin());
  await store.requestVariant(id);
  await store.claimVariant(WHILE_MS);
  await store.failVariant(id, 'unsupported');
  expect(await store.requestVariant(id)).toEqual({ video: undefined, failure: 'unsupported' });
  expect(await store.claimVariant(WHILE_MS)).toBeUndefined();
  await database.db.execute(
    sql`update recording_variants set requested_at = now() - interval '61 minutes'`,
  );
  expect(await store.requestVariant(id)).toEqual(WANTED);
  expect(await store.claimVariant(WHILE_MS)).toMatchObject({ part: { id }, attempts: 1 });
});

test('what nobody keeps is not made any more, and what was made of it is told', async () => {
  const { store, organizationId, begin, addPart } = await openStoredRecordings();
  const recordingId = await begin();
  const [made, late] = [await addPart(recordingId), await addPart(recordingId)];
  for (const { id } of [made, late]) await store.requestVariant(id);
  const key = newKey(recordingId);
  expect(await store.finishVariant(made.id, { key, sizeBytes: 1 })).toBe(true);
  await store.end(recordingId, new Date());
  expect(await store.remove(organizationId, recordingId)).toBe(true);
  const video = { key: newKey(recordingId), sizeBytes: 1 };
  expect(await store.finishVariant(late.id, video)).toBe(false);
  expect(await store.listVariantKeys([made.id, late.id])).toEqual([key]);
  await store.forgetParts(recordingId, [made.id, late.id]);
  expect(await store.listVariantKeys([made.id, late.id])).toEqual([]);
  expect(await store.requestVariant(made.id)).toBeUndefined();
});

test('parts that are joined while one of them is made leave no object without a name', async () => {
  const { store, begin, addPart } = await openStoredRecordings();
  let refused = 0;
  for (let round = 0; round < 20; round++) {
    const recordingId = await begin();
    const { id, key: from } = await addPart(recordingId);
    await store.requestVariant(id);
    await store.end(recordingId, new Date());
    const joined = newPart(newKey(recordingId));
    const key = newKey(recordingId);
    const [unnamed, isKept] = await Promise.all([
      store.finish(recordingId, [joined], [id]),
      store.finishVariant(id, { key, sizeBytes: 1 }),
    ]);
    expect(unnamed).toEqual(isKept ? [from, key] : [from]);
    if (!isKept) refused++;
    expect(await store.finish(recordingId, [joined], [id])).toEqual([joined.key]);
  }
  expect(refused).toBeGreaterThan(0);
});

test('nothing that is done costs more when more has been made', async () => {
  const { database, begin, addPart } = await openStoredRecordings();
  const recordingId = await begin();
  await database.db.execute(sql`
    with part as (
      insert into recording_parts
        (recording_id, tab_id, start_ms, end_ms, width, height, size_bytes, key)
      select ${recordingId}::uuid, 'a', 0, 1, 1, 1, 1, 'old ' || n from generate_series(1, 20000) n
      returning id, key
    )
    insert into recording_variants (part_id, key, failure)
    select id, case when id % 2 = 0 then key end, case when id % 2 = 1 then 'failed' end from part`);
  await database.db.execute(sql`analyze recording_parts, recording_variants`);
  const other = await begin();
  const { id, key } = await addPart(other);
  const [{ name } = { name: '' }] = await database.db.execute<{ name: string }>(
    sql`select current_database() as name`,
  );
  const address = { ...embeddedAddress(inject('postgresDataDir')), database: name };
  await using explained = openExplained(address, BY_INDEXES);
  const watched = createRecordingStore(explained.db);
  await watched.requestVariant(id);
  expect((await watched.claimVariant(WHILE_MS))?.part.id).toBe(id);
  expect(await watched.claimVariant(WHILE_MS)).toBeUndefined();
  await watched.holdVariant(id, WHILE_MS);
  await watched.releaseVariant(id);
  await watched.finishVariant(id, { key: newKey(other), sizeBytes: 1 });
  await watched.requestVariant(id);
  await watched.listVariantKeys([id]);
  await createStorageStore(explained.db).namedKeys([key]);
  await watched.forgetParts(other, [id]);
  expect(explained.statements.length).toBeGreaterThan(10);
  expect(explained.statements.flatMap(({ reads }) => reads.filter(isWide))).toEqual([]);
});
