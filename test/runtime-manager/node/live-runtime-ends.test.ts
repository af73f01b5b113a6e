/** How a runtime ends, whatever comes at once. The clock stands still. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { IDLE, openLives, pass, REQUESTED, settled } from '../../support/lives.ts';

const WITH_PROFILE = { mode: 'profile', profileId: randomUUID() } as const;
const isEnd = (write: string) => /^move (?:stopped|failed)$/.test(write);

test('of ends at once the first decides, and all answer it', async () => {
  const { run, node, store } = openLives();
  const { runtime, browser } = await run();
  const [first, second] = [node.stop(runtime, REQUESTED), node.stop(runtime, IDLE)];
  const over = await first;
  expect(over).toMatchObject({ state: 'stopped', stopReason: 'requested' });
  expect(await second).toBe(over);
  browser.exit({ code: null, signal: 'SIGKILL' });
  await settled();
  expect(browser.done).toEqual(['kill']);
  expect(store.writes.filter(isEnd)).toEqual(['move stopped']);
});

test('a place is left once, however many ends come', async () => {
  const { run, create, launch, node } = openLives({ maxRuntimes: 1 });
  const { runtime, browser } = await run();
  await Promise.all([node.stop(runtime, REQUESTED), node.stop(runtime, IDLE)]);
  const [second, third] = [create(), create()];
  browser.exit({ code: null, signal: 'SIGKILL' });
  (await launch()).come();
  expect(await second.made).toMatchObject({ state: 'running' });
  await expect(launch()).rejects.toThrow('nothing is being launched');
  expect(node.load.waiting).toBe(1);
  third.made.catch(() => undefined);
});

test('the answer to a stop does not wait until the browser is gone', async () => {
  const { run, node, find } = openLives();
  const { runtime, browser } = await run();
  const over = await node.stop(runtime, REQUESTED);
  expect(over).toMatchObject({ state: 'stopped' });
  expect(await find(runtime.id)).toEqual(over);
  expect(browser.done).toEqual(['kill']);
});

test('a stop that is to leave nothing waits until the browser is gone', async () => {
  const { run, node } = openLives();
  const { runtime, browser } = await run();
  let isGone = false;
  const stopped = node
    .stop(runtime, REQUESTED, { untilGone: true })
    .finally(() => void (isGone = true));
  await settled();
  expect(isGone).toBe(false);
  browser.exit({ code: null, signal: 'SIGKILL' });
  expect(await stopped).toMatchObject({ state: 'stopped' });
});

test.for([
  [{ code: 0 }, { state: 'stopped', stopReason: 'closed_by_client' }],
  [{ code: 1 }, { state: 'failed', failure: { code: 'runtime.browser_exited' } }],
  [{ code: null, signal: 'SIGSEGV' }, { failure: { message: expect.stringContaining('SIGSEGV') } }],
  [{ code: null, killedFor: 'hung' }, { failure: { code: 'runtime.browser_hung' } }],
  [{ code: null, killedFor: 'disk_limit' }, { failure: { code: 'runtime.disk_limit' } }],
] as const)('a browser that exits by itself with %j ends its runtime', async ([exit, expected]) => {
  const { run, find, node } = openLives();
  const { runtime, browser } = await run();
  browser.exit(exit);
  await settled();
  expect(await find(runtime.id)).toMatchObject(expected);
  expect(node.live.size).toBe(0);
});

test('a browser that exits by itself while it is closed is still stopped, and what it left is recovered', async () => {
  const { run, node, store, failed } = openLives();
  const { runtime, browser } = await run(WITH_PROFILE);
  const stopped = node.stop(runtime, REQUESTED);
  await settled();
  expect(browser.done).toEqual(['close']);
  browser.exit({ code: null, signal: 'SIGSEGV' });
  expect(await stopped).toMatchObject({ state: 'stopped', stopReason: 'requested' });
  expect(store.writes.slice(-3)).toEqual(['move stopping', 'version recovered', 'move stopped']);
  expect(failed).toEqual([]);
});

test('a start while a runtime is being stopped begins the next life after the last is saved', async () => {
  const { run, node, store, launch, find } = openLives();
  const { runtime, browser } = await run(WITH_PROFILE);
  const stopped = node.stop(runtime, REQUESTED);
  await settled();
  const started = [
    node.start({ ...runtime, generation: 2 }, {}),
    node.start({ ...runtime, generation: 2 }, {}),
  ];
  await settled();
  expect(await find(runtime.id)).toMatchObject({ state: 'stopping', generation: 1 });
  browser.exit();
  expect(await stopped).toMatchObject({ state: 'stopped' });
  (await launch()).come();
  for (const life of await Promise.all(started)) {
    expect(life).toMatchObject({ state: 'running', generation: 2 });
  }
  expect(browser.done).toEqual(['close', 'save', 'release']);
  const after = store.writes.slice(store.writes.indexOf('version saved'));
  expect(after).toEqual(['version saved', 'move stopped', 'revive launching', 'move running']);
});

test('a runtime that idles expires exactly once, however long its end takes', async () => {
  const { run, store, find } = openLives();
  const { runtime, browser } = await run(WITH_PROFILE);
  await pass(runtime.idleTimeoutSeconds * 1000 - 1000);
  expect(await find(runtime.id)).toMatchObject({ state: 'running' });
  await pass(10_000);
  expect(await find(runtime.id)).toMatchObject({ state: 'stopping' });
  browser.exit();
  await settled();
  expect(await find(runtime.id)).toMatchObject({ state: 'stopped', stopReason: 'idle' });
  expect(store.events).toMatchObject([{ type: 'runtime.expired', data: { reason: 'idle' } }]);
  expect(store.writes.filter(isEnd)).toEqual(['move stopped']);
});

test('an end that comes while a runtime is looked at leaves nothing to expire', async () => {
  const { run, node, store, find } = openLives();
  const { runtime, browser } = await run(WITH_PROFILE);
  const looked = Promise.withResolvers<boolean>();
  browser.transfers.isDownloading = () => looked.promise;
  await pass(runtime.idleTimeoutSeconds * 1000);
  const stopped = node.stop(runtime, REQUESTED);
  await settled();
  looked.resolve(false);
  await pass(runtime.maxDurationSeconds * 1000);
  browser.exit();
  await stopped;
  expect(await find(runtime.id)).toMatchObject({ stopReason: 'requested' });
  expect(store.events).toEqual([]);
});

test('a node that ends stops what runs, what is launched and what waits', async () => {
  const { run, create, node, store, launch } = openLives({ maxRuntimes: 2 });
  const { browser } = await run();
  const launching = create();
  await launch();
  const waiting = create();
  await settled();
  const ended = node[Symbol.asyncDispose]();
  await settled();
  browser.exit();
  await ended;
  for (const { made } of [launching, waiting, create()]) {
    await expect(made).rejects.toMatchObject({ code: 'service.shutting_down' });
  }
  expect(store.rows.map(({ stopReason }) => stopReason)).toEqual(Array(3).fill('shutdown'));
});
