/** What accompanies a runtime comes before it runs, and goes with it. The clock stands still. */
import { expect, test } from 'vitest';
import type { Attached, Companion, Run } from '../../../src/runtime-manager/companion.ts';
import { openLives, REQUESTED, settled } from '../../support/lives.ts';

const NEVER = new AbortController().signal;
const WARNING = { code: 'captcha.no_solver', message: 'There is no solver.', kinds: [] } as const;

/** A companion that is attached when the test says so. */
function slowCompanion(name: string, dispose: () => Promise<void> = async () => undefined) {
  const attached = Promise.withResolvers<void>();
  const done: string[] = [];
  let run: Run | undefined;
  const companion: Companion = {
    name,
    attach: async (given) => {
      run = given;
      await attached.promise;
      done.push('attached');
      return {
        warnings: [WARNING],
        call: async (verb, message) => ({ name, verb, message }),
        [Symbol.asyncDispose]: async () => {
          done.push('disposed');
          await dispose();
        },
      } satisfies Attached;
    },
  };
  return { companion, done, come: attached.resolve, fail: attached.reject, run: () => run };
}

test('a runtime runs when all that accompanies it is attached, with what they warn of', async () => {
  const [slow, other] = [slowCompanion('slow'), slowCompanion('other')];
  const { create, launch, node } = openLives({ companions: [slow.companion, other.companion] });
  const { made, id } = create();
  const browser = (await launch()).come();
  await settled();
  expect(slow.run()).toMatchObject({ browser, runtime: { id }, profile: undefined });
  other.come();
  await settled();
  expect(node.live.get(id)?.runtime.state).toBe('launching');
  slow.come();
  expect(await made).toMatchObject({ state: 'running', warnings: [WARNING, WARNING] });
});

test('a call goes to the companion that its name begins with, until the end begins', async () => {
  const slow = slowCompanion('slow');
  slow.come();
  const { run, node } = openLives({ companions: [slow.companion] });
  const { runtime } = await run();
  const call = (verb: string) => node.call(runtime, verb, { a: 1 }, NEVER);
  expect(await call('slow.act')).toEqual({ name: 'slow', verb: 'act', message: { a: 1 } });
  await expect(call('fast.act')).rejects.toMatchObject({ code: 'runtime.not_active' });
  const stopped = node.stop(runtime, REQUESTED);
  await settled();
  await expect(call('slow.act')).rejects.toMatchObject({ code: 'runtime.not_active' });
  await stopped;
});

test('an end while some are attached waits for them, and they go', async () => {
  const [slow, ready] = [slowCompanion('slow'), slowCompanion('ready')];
  ready.come();
  const { create, launch, node, store } = openLives({
    companions: [slow.companion, ready.companion],
  });
  const { made } = create();
  const browser = (await launch()).come();
  await settled();
  const [row] = store.rows;
  const stopped = row && node.stop(row, REQUESTED);
  await settled();
  expect(slow.run()?.signal.aborted).toBe(true);
  expect(browser.done).toEqual([]);
  slow.come();
  expect(await stopped).toMatchObject({ state: 'stopped' });
  await expect(made).rejects.toMatchObject({ code: 'runtime.stopped' });
  for (const { done } of [slow, ready]) expect(done).toEqual(['attached', 'disposed']);
  expect(browser.done).toEqual(['kill']);
});

test('a companion that fails to attach fails the start, and the others are disposed, also one that attaches later', async () => {
  const [broken, ready, slow] = ['broken', 'ready', 'slow'].map((name) => slowCompanion(name));
  if (!broken || !ready || !slow) throw new Error('there are three');
  ready.come();
  const companions = [broken, ready, slow].map(({ companion }) => companion);
  const { create, launch, find } = openLives({ companions });
  const { made, id } = create();
  const browser = (await launch()).come();
  await settled();
  broken.fail(new Error('it broke'));
  await expect(made).rejects.toThrow('it broke');
  expect(await find(id)).toMatchObject({ state: 'failed', failure: { code: 'server.error' } });
  expect(ready.done).toEqual(['attached', 'disposed']);
  expect(browser.done).toEqual(['kill']);
  slow.come();
  await settled();
  expect(slow.done).toEqual(['attached', 'disposed']);
});

test('one that fails to go keeps neither the others nor the end', async () => {
  const broken = slowCompanion('broken', () => Promise.reject(new Error('it stays')));
  const other = slowCompanion('other');
  broken.come();
  other.come();
  const { run, node } = openLives({ companions: [other.companion, broken.companion] });
  const { runtime, browser } = await run();
  expect(await node.stop(runtime, REQUESTED)).toMatchObject({ state: 'stopped' });
  expect(broken.done).toEqual(['attached', 'disposed']);
  expect(other.done).toEqual(['attached', 'disposed']);
  expect(browser.done).toEqual(['kill']);
});

test('all are gone before their browser is', async () => {
  const gone = Promise.withResolvers<void>();
  const slow = slowCompanion('slow', () => gone.promise);
  slow.come();
  const { run, node } = openLives({ companions: [slow.companion] });
  const { runtime, browser } = await run();
  const stopped = node.stop(runtime, REQUESTED);
  await settled();
  expect(browser.done).toEqual([]);
  gone.resolve();
  await stopped;
  expect(browser.done).toEqual(['kill']);
});
