/** Creates for which no machine has room, with real processes. */
import { sql } from 'drizzle-orm';
import { expect, test as base } from 'vitest';
import { openDatabase } from '../../../src/db/client.ts';
import { TestCluster, type ClusterProcess } from '../../support/cluster.ts';
import { contention } from '../../support/contention.ts';
import { eventually } from '../../support/eventually.ts';
import { HAS_NATS } from '../../support/nats-server.ts';

const RUNTIMES = '/v1/workspaces/default/runtimes';
const PATIENT = { BCTRL_QUEUE_TIMEOUT_MS: '120000' };
const HASTY = { BCTRL_QUEUE_TIMEOUT_MS: '1000' };
/** The runtimes of the last test are stopped with their nodes. */
const SLOTS = {
  BCTRL_MAX_RUNTIMES: '5',
  BCTRL_DRAIN_SECONDS: '1',
  BCTRL_WARM_MIN: '1',
  BCTRL_WARM_MAX: '1',
};

/** There is room when the browser is gone, which takes a slow machine a while. */
const ADMITTED_WITHIN_MS = 1000;

const create = (api: ClusterProcess, alias: string) =>
  api.call('POST', RUNTIMES, { alias, kind: 'browser' });

const test = base.extend('cluster', { scope: 'file' }, async ({}, { onCleanup }) => {
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(await TestCluster.open());
  await Promise.all([cluster.start('node', SLOTS), cluster.start('node', SLOTS)]);
  const [first, second] = await Promise.all([
    cluster.start('api', PATIENT),
    cluster.start('api', PATIENT),
  ]);
  const database = stack.use(await openDatabase({ url: cluster.databaseUrl }, { connections: 2 }));
  const stop = (alias: string) => second.call('POST', `${RUNTIMES}/${alias}/stop`);
  /** In their order. */
  const waiting = async () => {
    const rows = await database.db.execute<{ alias: string }>(
      sql`select alias from runtimes where queued_at is not null order by queued_at`,
    );
    return rows.map(({ alias }) => alias);
  };
  /** Creates in order; the answers are still to come. */
  const createWaiting = async (asked: readonly (readonly [ClusterProcess, string])[]) => {
    const answers = new Map<string, ReturnType<typeof create>>();
    for (const [api, alias] of asked) {
      const answer = create(api, alias);
      answer.catch(() => undefined);
      answers.set(alias, answer);
      await eventually(async () => expect(await waiting()).toContain(alias));
    }
    return answers;
  };
  const opened = stack.move();
  onCleanup(() => opened.disposeAsync());
  return { cluster, first, second, createWaiting, stop, waiting };
});

test.runIf(HAS_NATS)(
  'of 30 creates for 10 places 20 wait, and each stop admits whoever has waited for longest',
  async ({ cluster: { first, second, createWaiting, stop, waiting } }) => {
    const left = Array.from({ length: 20 }, (_, nth) => `waits-${nth}`);
    const runs = Array.from({ length: 10 }, (_, nth) => `runs-${nth}`);
    // What a try before this one has left.
    for (const alias of [...left, ...runs]) await stop(alias);
    for (const alias of runs) expect(await create(first, alias)).toMatchObject({ status: 200 });
    const answers = await createWaiting(
      left.map((alias, nth) => [nth % 2 === 0 ? first : second, alias] as const),
    );
    expect(await waiting()).toEqual(left);
    for (let nth = 0; nth < 5; nth++) {
      const oldest = left.shift() ?? '';
      expect(await stop(`runs-${nth}`)).toMatchObject({ json: { status: 'stopped' } });
      const stoppedAt = performance.now();
      await eventually(async () => expect(await waiting()).toEqual(left), { interval: 5 });
      expect(performance.now() - stoppedAt).toBeLessThan(ADMITTED_WITHIN_MS * contention());
      expect(await answers.get(oldest)).toMatchObject({ json: { status: 'active' } });
    }
    for (const alias of left) await stop(alias);
    expect(await waiting()).toEqual([]);
  },
);

test.runIf(HAS_NATS)(
  'what waits is stopped at another API, and a request that waits too long is refused',
  async ({ cluster: { cluster, first, createWaiting, stop } }) => {
    const answers = await createWaiting([[first, 'unwanted']]);
    expect(await stop('unwanted')).toMatchObject({ status: 200, json: { status: 'stopped' } });
    expect(await answers.get('unwanted')).toMatchObject({
      status: 409,
      json: { code: 'runtime.stopped' },
    });
    const refused = await create(await cluster.start('api', HASTY), 'late');
    expect(refused).toMatchObject({
      status: 503,
      json: { code: 'runtime.no_capacity' },
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  },
);

test.runIf(HAS_NATS)(
  'what an API waited with that was killed is abandoned, and no browser is left running for it',
  async ({ cluster: { first, second, createWaiting, stop, waiting } }) => {
    const orphans = ['o', 'p'];
    await createWaiting(orphans.map((alias) => [first, alias] as const));
    await first.stop('SIGKILL');
    await stop('runs-9');
    await eventually(async () => {
      for (const alias of orphans) {
        expect(await second.call('GET', `${RUNTIMES}/${alias}`)).toMatchObject({
          json: { status: 'failed', failure: { code: 'runtime.abandoned' } },
        });
      }
    });
    expect(await waiting()).toEqual([]);
    const active = await second.call('GET', `${RUNTIMES}?status=active`);
    const aliases = active.json.runtimes.map(({ alias }: { alias: string }) => alias);
    expect(aliases).toHaveLength(9);
    expect(aliases).not.toEqual(expect.arrayContaining(orphans));
    expect(await create(second, 'next')).toMatchObject({ status: 200 });
  },
);
