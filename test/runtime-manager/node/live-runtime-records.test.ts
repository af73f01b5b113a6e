/** What becomes of a runtime whose record cannot be written. The clock stands still. */
import { expect, test } from 'vitest';
import { openLives, pass, REQUESTED, settled } from '../../support/lives.ts';

const away = () => {
  throw new Error('the database is away');
};

test('an end that cannot be recorded is told so in time, and recorded later', async () => {
  const { run, node, store, find, launch } = openLives();
  const { runtime, browser } = await run();
  store.before = away;
  const stopped = node.stop(runtime, REQUESTED);
  stopped.catch(() => undefined);
  await settled();
  expect(browser.done).toEqual(['kill']);
  browser.exit();
  await pass(5000);
  await expect(stopped).rejects.toMatchObject({ code: 'service.unavailable' });
  expect(await find(runtime.id)).toMatchObject({ state: 'running' });
  // It is held until it is recorded, so that nobody starts it meanwhile.
  const started = node.start({ ...runtime, generation: 2 }, {});
  await settled();
  store.before = () => undefined;
  await pass(10_000);
  expect(await find(runtime.id)).toMatchObject({ generation: 2 });
  (await launch()).come();
  expect(await started).toMatchObject({ state: 'running', generation: 2 });
  expect(store.writes).toEqual([
    'insert launching',
    'move running',
    'move stopped',
    'revive launching',
    'move running',
  ]);
});

test('an end whose answer is lost is found, and written once', async () => {
  const { run, node, store } = openLives();
  const { runtime } = await run();
  store.after = (write) => {
    store.after = () => undefined;
    if (write === 'move stopped') away();
  };
  const stopped = node.stop(runtime, REQUESTED);
  await pass(1000);
  expect(await stopped).toMatchObject({ state: 'stopped', stopReason: 'requested' });
  expect(store.writes.filter((write) => write === 'move stopped')).toHaveLength(1);
});

test('while an end cannot be recorded, the place is free as soon as the browser is gone', async () => {
  const { run, create, node, store, launch } = openLives({ maxRuntimes: 1 });
  const { runtime, browser } = await run();
  const { made } = create();
  store.before = (write) => (write === 'move stopped' ? away() : undefined);
  node.stop(runtime, REQUESTED).catch(() => undefined);
  await settled();
  browser.exit();
  await pass(100);
  (await launch()).come();
  expect(await made).toMatchObject({ state: 'running' });
});

test('what happened while the database was away is recorded after, in order, and before the end', async () => {
  const { run, node, store } = openLives();
  const { runtime } = await run();
  const connections = node.live.get(runtime.id)?.connections;
  const [own] = connections?.list() ?? [];
  store.before = away;
  const client = own?.attach('puppeteer', () => undefined);
  await settled();
  client?.[Symbol.dispose]();
  await settled();
  const stopped = node.stop(runtime, REQUESTED);
  store.before = () => undefined;
  await pass(1000);
  expect(await stopped).toMatchObject({ state: 'stopped' });
  expect(store.events.map(({ type }) => type)).toEqual([
    'runtime.connected',
    'runtime.disconnected',
  ]);
  expect(store.writes.at(-1)).toBe('move stopped');
});

test('what the database refuses again and again is given up, and what comes after is recorded', async () => {
  const { run, node, store } = openLives();
  const { runtime } = await run();
  const [own] = node.live.get(runtime.id)?.connections.list() ?? [];
  store.before = (write) => (write === 'events runtime.connected' ? away() : undefined);
  const client = own?.attach('puppeteer', () => undefined);
  await pass(60_000);
  client?.[Symbol.dispose]();
  await settled();
  expect(store.events).toMatchObject([{ type: 'runtime.disconnected' }]);
});

test('events are recorded once, also when what is recorded beside them fails', async () => {
  const { run, node, store } = openLives();
  const { runtime } = await run();
  let failures = 2;
  store.before = (write) => (write === 'setDriver' && failures-- > 0 ? away() : undefined);
  const [connection] = node.live.get(runtime.id)?.connections.list() ?? [];
  connection?.attach('puppeteer', () => undefined);
  await pass(10_000);
  expect(store.writes).toContain('setDriver');
  expect(store.events.filter(({ type }) => type === 'runtime.connected')).toHaveLength(1);
});
