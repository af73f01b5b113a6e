/** A runtime that waited for any node, on the node that takes it. The clock stands still. */
import { randomUUID } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { idsOf } from '../../support/cluster-test.ts';
import { openLives, pass, REQUESTED, settled } from '../../support/lives.ts';
import { newRecord, present } from '../../support/records.ts';

const ELSEWHERE = randomUUID();
const WAITS = { nodeId: ELSEWHERE, state: 'accepted', waits: true } as const;
const TIDY_MS = 10_000;

/** A node, and a runtime that waits. */
async function openWaiting(options?: Parameters<typeof openLives>[0]) {
  const lives = openLives(options);
  const { store, node } = lives;
  const queue = async () => present(await store.insert('o', newRecord(WAITS)));
  const adopt = () => node.adopt(() => store.pull(node));
  return { ...lives, queue, adopt, queued: await queue() };
}

test('an adopted runtime is launched, and given up when nobody has come 4 s later', async () => {
  const { adopt, launch, find, queued } = await openWaiting();
  expect(await adopt()).toBe('adopted');
  expect(await find(queued.id)).toMatchObject({ state: 'launching' });
  const browser = (await launch()).come();
  await pass(3999);
  expect(await find(queued.id)).toMatchObject({ state: 'running' });
  await pass(1);
  browser.exit();
  await settled();
  expect(await find(queued.id)).toMatchObject({
    state: 'failed',
    failure: { code: 'runtime.abandoned' },
  });
});

test('whoever comes in time keeps it, and whoever hangs up has it given up at once', async () => {
  const { adopt, launch, find, node, queue, queued: first } = await openWaiting();
  await adopt();
  const joined = node.start(first, {});
  (await launch()).come();
  expect(await joined).toMatchObject({ id: first.id, state: 'running' });
  await pass(10_000);
  expect(await find(first.id)).toMatchObject({ state: 'running' });

  const second = await queue();
  await adopt();
  const client = new AbortController();
  const abandoned = node.start(second, { signal: client.signal });
  abandoned.catch(() => undefined);
  const launching = await launch();
  client.abort();
  await settled();
  expect(launching.signal.aborted).toBe(true);
});

test('no more are adopted than can be launched at once', async () => {
  const { adopt, launch, queue, queued, node } = await openWaiting({ maxRuntimes: 3 });
  const others = [await queue(), await queue()];
  expect([await adopt(), await adopt(), await adopt()]).toEqual(['adopted', 'adopted', 'no_room']);
  const look = vi.fn();
  using _looks = node.onRoom(look);
  (await launch()).come();
  await settled();
  expect(look).toHaveBeenCalled();
  expect(await adopt()).toBe('adopted');
  expect([...node.live.keys()].toSorted()).toEqual(idsOf([queued, ...others]));
});

test('the next life on the same node begins when the one before has ended', async () => {
  const { run, node, store, adopt, queued, find } = await openWaiting();
  await store.withdraw(queued, REQUESTED);
  const { runtime } = await run();
  const answered = Promise.withResolvers<void>();
  store.after = (write) => (write === 'move stopped' ? answered.promise : undefined);
  const stopped = node.stop(runtime, REQUESTED);
  await settled();
  const again = present(await store.revive(runtime, WAITS));
  const adopted = adopt();
  await settled();
  answered.resolve();
  expect([await adopted, (await stopped)?.state]).toEqual(['adopted', 'stopped']);
  expect(node.live.get(again.id)?.runtime).toMatchObject({ generation: 2, state: 'launching' });
  expect(await find(again.id)).toMatchObject({ generation: 2, state: 'launching' });
});

test('records are tidied neither while they wait, nor while they are being adopted', async () => {
  const { node, store, find, queued } = await openWaiting();
  await pass(TIDY_MS);
  expect(await find(queued.id)).toMatchObject({ state: 'accepted' });
  const answered = Promise.withResolvers<void>();
  store.after = (write) => (write === 'pull' ? answered.promise : undefined);
  const adopted = node.adopt(() => store.pull(node));
  await pass(TIDY_MS);
  expect(await find(queued.id)).toMatchObject({ state: 'launching' });
  answered.resolve();
  expect(await adopted).toBe('adopted');
});
