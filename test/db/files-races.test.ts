/** Files that come and go at once: each path has one, each byte counts once, nobody waits for ever. */
import { expect, test } from 'vitest';
import { content, fileOf, KB, openFiles, ROOM, STOPPED } from '../support/files.ts';

const MANY = 20;
const times = <T>(count: number, work: (nth: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, nth) => work(nth)));

test('of many that insert at one path, one does', async () => {
  const { store, newFile, usedBytes } = await openFiles();
  const made = await times(MANY, () =>
    store.insert(newFile('a'), { isReplacing: false, mostBytes: ROOM }),
  );
  expect(made.filter((one) => one !== 'path_in_use')).toHaveLength(1);
  expect(await usedBytes()).toBe(KB);
});

test.for(['new', 'there'])('many that replace at a path which is %s all do', async (what) => {
  const { store, namespace, add, replace, usedBytes } = await openFiles();
  const first = what === 'there' ? [await add('a')] : [];
  const made = (await times(MANY, () => replace('a'))).map(fileOf);
  const last = await store.findByPath(namespace.id, 'a');
  const over = [...first, ...made].filter(({ id }) => id !== last?.id);
  const unkept = await store.listUnkept(100);
  expect(new Set(unkept)).toEqual(new Set(over.map(({ id, key }) => ({ id, key }))));
  expect(await usedBytes()).toBe((over.length + 1) * KB);
});

test('replacements among inserts, moves and downloads to the same path are never refused', async () => {
  const { store, organizationId, namespace, add, newFile, replace, begin, startRuntime, ...rest } =
    await openFiles();
  const { id: runtimeId } = await startRuntime();
  const movers = await times(MANY, (nth) => add(`mover ${nth}`));
  const to = { namespaceId: namespace.id, path: 'a' };
  await times(MANY, async (nth) => {
    const download = await begin(runtimeId, 'a');
    const [replaced] = await Promise.all([
      replace('a'),
      store.insert(newFile('a'), { isReplacing: false, mostBytes: ROOM }),
      store.move(organizationId, movers[nth]?.id ?? '', to),
      store.finishDownload(download, content(), { ...to, mostBytes: ROOM }).then(fileOf),
    ]);
    fileOf(replaced);
  });
  expect(await rest.usedBytes()).toBe(await rest.storedBytes());
});

test('namesakes that arrive at once have a number each', async () => {
  const { store, namespace, begin, startRuntime, add } = await openFiles();
  const { id } = await startRuntime();
  await add('in/report.pdf');
  const to = { namespaceId: namespace.id, path: 'in/report.pdf', mostBytes: ROOM };
  const ids = await times(MANY, () => begin(id));
  const made = await Promise.all(ids.map((one) => store.finishDownload(one, content(), to)));
  const paths = made.map((one) => fileOf(one).path);
  const numbered = Array.from({ length: MANY }, (_, nth) => `in/report (${nth + 1}).pdf`);
  expect(paths.toSorted()).toEqual(numbered.toSorted());
});

test('two that finish one download record it once', async () => {
  const { store, namespace, begin, startRuntime, usedBytes } = await openFiles();
  const { id: runtimeId } = await startRuntime();
  const id = await begin(runtimeId);
  const to = { namespaceId: namespace.id, path: 'a', mostBytes: ROOM };
  const made = await times(2, () => store.finishDownload(id, content(), to));
  expect(made.filter((one) => one !== undefined)).toHaveLength(1);
  expect(await usedBytes()).toBe(KB);
});

test('files that change places at once do so, or not, without a deadlock', async () => {
  const { store, organizationId, namespace, add } = await openFiles();
  const other = await store.ensureNamespace(organizationId, 'other');
  for (let round = 0; round < 30; round++) {
    const one = await add(`a ${round}`);
    const two = await add(`b ${round}`, { namespaceId: round % 2 ? other.id : namespace.id });
    const place = ({ namespaceId = '', path }: typeof one) => ({ namespaceId, path });
    const moved = await Promise.all([
      store.move(organizationId, one.id, place(two)),
      store.move(organizationId, two.id, place(one)),
    ]);
    expect(moved).toEqual(['path_in_use', 'path_in_use']);
  }
});

test('what two services forget at once is given back once', async () => {
  const { store, organizationId, openOwner, namespace, add, usedBytes, rows } = await openFiles();
  const other = await openOwner();
  const theirs = { organizationId: other.organizationId, namespaceId: other.namespace.id };
  await times(40, (nth) => add(`a ${nth}`));
  await times(40, (nth) => add(`a ${nth}`, theirs));
  await add('stays');
  const range = { prefix: 'a', after: undefined, limit: 100 };
  for (const { id } of await store.list(namespace.id, range))
    await store.remove(organizationId, id);
  await store.removeAll(other.namespace.id, 100);
  const ids = (await store.listUnkept(100)).map(({ id }) => id);
  expect(ids).toHaveLength(80);
  await times(8, (nth) => store.forget(nth % 2 ? ids : ids.toReversed().slice(nth)));
  expect([await usedBytes(), await usedBytes(other.organizationId)]).toEqual([KB, 0]);
  expect(await rows()).toHaveLength(1);
});

test('removals of a namespace at once remove each file once', async () => {
  const { store, organizationId, namespace, add } = await openFiles();
  const made = await times(60, (nth) => add(`a ${nth}`));
  const other = await store.ensureNamespace(organizationId, 'other');
  const [moved, ...counts] = await Promise.all([
    times(20, (nth) => {
      const to = { namespaceId: other.id, path: `b ${nth}` };
      return store.move(organizationId, made[nth * 3]?.id ?? '', to);
    }),
    ...Array.from({ length: 4 }, () => store.removeAll(namespace.id, 25)),
  ]);
  const away = moved.filter((one) => typeof one !== 'string').length;
  const removed = counts.reduce((sum, count) => sum + count, 0);
  const unkept = (await store.listUnkept(100)).length;
  expect(removed).toBe(unkept);
  // What went to the other namespace is still there.
  const range = { prefix: '', after: undefined, limit: 100 };
  expect(await store.list(other.id, range)).toHaveLength(away);
});

test('writers at once have no more than the organization may, while runtimes come and go', async () => {
  const owner = await openFiles();
  const { store, organizationId, namespace, runtimes, newFile, begin, startRuntime } = owner;
  const most = 50 * KB;
  const to = { namespaceId: namespace.id, path: 'd', mostBytes: most };
  let refused = 0;
  const write = async (seed: number) => {
    for (let round = 0; round < 8; round++) {
      const runtime = await startRuntime();
      const path = `${seed % 6}/${round}`;
      const file = newFile(path, content(KB + seed));
      const how = { isReplacing: seed % 2 === 0, mostBytes: most };
      const download = await begin(runtime.id);
      const results = await Promise.all([
        store.insert(file, how),
        store.finishDownload(
          download,
          content(),
          seed % 3 ? to : { ...to, namespaceId: undefined },
        ),
        runtimes.move(runtime, STOPPED),
      ]);
      if (results.includes('quota_exceeded')) refused += 1;
      expect(await owner.usedBytes()).toBeLessThanOrEqual(most);
      if (round % 2) await store.remove(organizationId, file.id);
      if (seed % 4 === 0) await runtimes.remove(organizationId, runtime.id);
      await store.forget((await store.listUnkept(10)).map(({ id }) => id));
    }
  };
  await times(24, write);
  expect(refused).toBeGreaterThan(0);
  expect(await owner.usedBytes()).toBe(await owner.storedBytes());
  await store.forget((await store.listUnkept(1000)).map(({ id }) => id));
  expect(await owner.usedBytes()).toBe(await owner.storedBytes());
  expect(await runtimes.correctPlaces()).toBe(0);
});

test('a namespace goes, or a file comes, and never half of both', async () => {
  const { store, organizationId, newFile, rows } = await openFiles();
  for (let round = 0; round < 30; round++) {
    const { id: namespaceId } = await store.ensureNamespace(organizationId, 'brief');
    const [made, removed] = await Promise.all([
      store.insert(newFile('a', { namespaceId }), { isReplacing: false, mostBytes: ROOM }),
      store.removeNamespace(organizationId, namespaceId),
    ]);
    expect([made === 'no_namespace', removed]).toEqual(
      made === 'no_namespace' ? [true, 'removed'] : [false, 'not_empty'],
    );
    await store.removeAll(namespaceId, 10);
    await store.removeNamespace(organizationId, namespaceId);
  }
  expect((await rows()).every(({ namespaceId }) => namespaceId === null)).toBe(true);
});
