/** How a runtime comes up, and what may come in between. The clock stands still. */
import { expect, test } from 'vitest';
import { RuntimeError } from '../../../src/runtime-manager/errors.ts';
import { FakeBrowser } from '../../support/fake-machine.ts';
import { openLives, pass, REQUESTED, settled } from '../../support/lives.ts';

const proxy = { type: 'http', host: 'proxy.example', port: 80 } as const;
const THROUGH_PROXY = { mode: 'ephemeral', config: { proxy } } as const;
const refused = () => new RuntimeError('proxy.auth_failed', 'The proxy refuses us.');
const STOPPED = { code: 'runtime.stopped' };

test('a runtime runs when its browser is there, and has a way out then', async () => {
  const { create, launch, find, store } = openLives();
  const { made, id } = create();
  const { come } = await launch();
  expect(await find(id)).toMatchObject({ state: 'launching' });
  const browser = come();
  expect(await made).toMatchObject({ state: 'running', defaultPageId: 'p' });
  expect(store.writes).toEqual(['insert launching', 'move running']);
  expect(browser.routes).toEqual([{ proxy: undefined, rules: {} }]);
  expect(browser.done).toEqual([]);
});

test('a browser that is ready is recorded with its runtime, in one write', async () => {
  const { create, machine, store } = openLives();
  const ready = new FakeBrowser();
  machine.ready.push(ready);
  expect(await create().made).toMatchObject({ state: 'running' });
  expect(store.writes).toEqual(['insert running']);
  expect(ready.routes).toHaveLength(1);
  expect(machine.launches).toEqual([]);
});

test('a browser that is ready goes back when its runtime is refused', async () => {
  const { create, machine, store, node } = openLives();
  const ready = new FakeBrowser();
  machine.ready.push(ready);
  store.before = () => {
    throw new RuntimeError('runtime.alias_in_use', 'The alias is in use.');
  };
  await expect(create().made).rejects.toMatchObject({ code: 'runtime.alias_in_use' });
  expect(machine.givenBack).toEqual([ready]);
  expect(ready.done).toEqual([]);
  expect(node.live.size).toBe(0);
});

test('a launch that fails is the failure of its runtime, and leaves its place', async () => {
  const { create, launch, find, failed } = openLives({ maxRuntimes: 1 });
  const { made, id } = create();
  const { fail } = await launch();
  const next = create();
  fail(new RuntimeError('runtime.launch_failed', 'It does not start.'));
  await expect(made).rejects.toMatchObject({ code: 'runtime.launch_failed' });
  expect(await find(id)).toMatchObject({
    state: 'failed',
    failure: { code: 'runtime.launch_failed', message: 'It does not start.' },
  });
  expect(failed).toEqual(['runtime.launch_failed']);
  (await launch()).come();
  expect(await next.made).toMatchObject({ state: 'running' });
});

test('other work with a browser waits for room, unless it is given up', async () => {
  const { run, node } = openLives({ maxRuntimes: 1 });
  const { runtime, browser } = await run();
  const aborting = new AbortController();
  const given = node.admit(async () => 'given up', aborting.signal);
  const kept = node.admit(async () => 'done');
  expect(node.load.waiting).toBe(2);
  aborting.abort(new Error('nobody wants it'));
  await expect(given).rejects.toThrow('nobody wants it');
  expect(node.load.waiting).toBe(1);
  void node.stop(runtime, REQUESTED);
  browser.exit();
  expect(await kept).toBe('done');
  expect(node.load).toMatchObject({ active: 0, waiting: 0 });
});

test('an end in the queue launches nothing, and lets the next one forward', async () => {
  const { create, run, node, find, launch, machine } = openLives({ maxRuntimes: 1 });
  const { runtime, browser } = await run();
  const [second, third] = [create(), create()];
  await settled();
  expect(node.load.waiting).toBe(2);
  const waiting = await find(second.id);
  if (!waiting) throw new Error('it is not recorded');
  expect(waiting.state).toBe('accepted');
  expect(await node.stop(waiting, REQUESTED)).toMatchObject({ state: 'stopped' });
  await expect(second.made).rejects.toMatchObject(STOPPED);
  expect(node.load.waiting).toBe(1);
  expect(machine.launches).toEqual([]);
  void node.stop(runtime, REQUESTED);
  browser.exit();
  (await launch()).come();
  expect(await third.made).toMatchObject({ state: 'running' });
});

test('whoever waits in the queue for too long is refused, and is recorded as that', async () => {
  const { create, run, find } = openLives({ maxRuntimes: 1 });
  await run();
  const { made, id } = create();
  await pass(60_000);
  await expect(made).rejects.toMatchObject({ code: 'runtime.no_capacity' });
  expect(await find(id)).toMatchObject({ failure: { code: 'runtime.no_capacity' } });
});

test('an end while the browser is launched gives the launch up', async () => {
  const { create, launch, node, store } = openLives();
  const { made } = create();
  const { signal } = await launch();
  const [row] = store.rows;
  if (!row) throw new Error('it is not recorded');
  expect(await node.stop(row, REQUESTED)).toMatchObject({
    state: 'stopped',
    stopReason: 'requested',
  });
  expect(signal.reason).toMatchObject(STOPPED);
  await expect(made).rejects.toMatchObject(STOPPED);
  expect(store.writes).toEqual(['insert launching', 'move stopped']);
});

test('a browser that comes although its launch was given up is killed, and keeps its place until then', async () => {
  const { create, launch, node, store, machine } = openLives({ maxRuntimes: 1 });
  machine.obeys = false;
  const { made } = create();
  const { come } = await launch();
  const [row] = store.rows;
  const stopped = row && node.stop(row, REQUESTED);
  const next = create();
  await settled();
  const browser = come();
  expect(await stopped).toMatchObject({ state: 'stopped' });
  await expect(made).rejects.toMatchObject(STOPPED);
  expect(browser.done).toEqual(['kill']);
  expect(node.load.waiting).toBe(1);
  browser.exit({ code: null, signal: 'SIGKILL' });
  (await launch()).come();
  expect(await next.made).toMatchObject({ state: 'running' });
});

test('a proxy that is refused while the browser is launched gives the launch up', async () => {
  const { create, launch, machine, find } = openLives();
  const checked = Promise.withResolvers<void>();
  machine.checkRoute = () => checked.promise;
  const { made, id } = create(THROUGH_PROXY);
  const { signal } = await launch();
  checked.reject(refused());
  await expect(made).rejects.toMatchObject({ code: 'proxy.auth_failed' });
  expect(signal.reason).toMatchObject({ code: 'proxy.auth_failed' });
  expect(await find(id)).toMatchObject({ failure: { code: 'proxy.auth_failed' } });
});

test('a proxy that is refused when the browser is there never lets it out', async () => {
  const { create, launch, machine, find } = openLives();
  const checked = Promise.withResolvers<void>();
  machine.checkRoute = () => checked.promise;
  const { made, id } = create(THROUGH_PROXY);
  const browser = (await launch()).come();
  await settled();
  expect(await find(id)).toMatchObject({ state: 'launching' });
  checked.reject(refused());
  await expect(made).rejects.toMatchObject({ code: 'proxy.auth_failed' });
  expect(browser.routes).toEqual([]);
  expect(browser.done).toEqual(['kill']);
});

test('a launch goes on while one client waits for it, and is given up with the last', async () => {
  const { create, launch, node, find } = openLives();
  const [first, second] = [new AbortController(), new AbortController()];
  const { made, id } = create(undefined, { signal: first.signal });
  const { signal } = await launch();
  const row = await find(id);
  if (!row) throw new Error('it is not recorded');
  const started = node.start(row, { signal: second.signal });
  started.catch(() => undefined);
  await settled();
  first.abort();
  await settled();
  expect(signal.aborted).toBe(false);
  second.abort();
  await expect(started).rejects.toMatchObject(STOPPED);
  await expect(made).rejects.toMatchObject(STOPPED);
  expect(await find(id)).toMatchObject({ failure: { code: 'runtime.abandoned' } });
});

test('a client that hangs up when the runtime runs ends nothing', async () => {
  const { create, launch, find } = openLives();
  const client = new AbortController();
  const { made, id } = create(undefined, { signal: client.signal });
  (await launch()).come();
  await made;
  client.abort();
  await settled();
  expect(await find(id)).toMatchObject({ state: 'running' });
});

test('a client that hung up before gets no ready browser', async () => {
  const { create, machine, find } = openLives();
  const ready = new FakeBrowser();
  machine.ready.push(ready);
  const { made, id } = create(undefined, { signal: AbortSignal.abort() });
  await expect(made).rejects.toMatchObject(STOPPED);
  expect(ready.done).toEqual(['kill']);
  expect(await find(id)).toMatchObject({ failure: { code: 'runtime.abandoned' } });
});

test('a stop that comes while the record is just being made waits for it', async () => {
  const { create, node, store, launch, find } = openLives();
  const answered = Promise.withResolvers<void>();
  store.after = (write) => (write.startsWith('insert') ? answered.promise : undefined);
  const { made, id } = create();
  await settled();
  const row = await find(id);
  if (!row) throw new Error('it is not recorded');
  expect(node.live.size).toBe(0);
  const stopped = node.stop(row, REQUESTED);
  await settled();
  answered.resolve();
  expect(await stopped).toMatchObject({ state: 'stopped', stopReason: 'requested' });
  await expect(made).rejects.toMatchObject(STOPPED);
  expect((await launch()).signal.reason).toMatchObject(STOPPED);
});

test('a runtime that cannot be recorded as running does not run', async () => {
  const { create, launch, store, find } = openLives();
  store.before = (write) => {
    if (write === 'move running') throw new Error('the database is away');
  };
  const { made, id } = create();
  const browser = (await launch()).come();
  await expect(made).rejects.toMatchObject({ code: 'service.unavailable' });
  expect(browser.done).toEqual(['kill']);
  expect(await find(id)).toMatchObject({ failure: { code: 'service.unavailable' } });
});
