/** What happens when the machine of some runtimes is gone. */
import { expect, test as base } from 'vitest';
import { z } from 'zod';
import { TestCluster, type ClusterProcess } from '../../support/cluster.ts';
import { contention } from '../../support/contention.ts';
import { eventually } from '../../support/eventually.ts';
import { refusalOf } from '../../support/cdp.ts';
import {
  assertActive,
  create,
  during,
  NODE_LOST,
  nodeIdOf,
  openSockets,
  place,
  RUNTIMES,
  type PlacedRuntime,
} from '../../support/lost.ts';
import { HAS_NATS } from '../../support/nats-server.ts';

const LOST_WITHIN_MS = 3000;
/** For each of two nodes. */
const SEVERAL = 3;

const test = base.extend('cluster', async ({}, { onCleanup }) => {
  const cluster = await TestCluster.open();
  onCleanup(() => cluster[Symbol.asyncDispose]());
  const nodes = await Promise.all([cluster.start('node'), cluster.start('node')]);
  const [first, second] = await Promise.all([cluster.start('api'), cluster.start('api')]);
  return { apiKey: cluster.apiKey, nodes, first, second };
});

test.runIf(HAS_NATS)(
  'the runtimes of a node that is killed fail within three seconds, and no others',
  async ({ cluster: { apiKey, nodes, first, second } }) => {
    const [node] = nodes;
    if (!node) throw new Error('there is no node');
    const nodeId = await nodeIdOf(node);
    const all: PlacedRuntime[] = [];
    for (let nth = 0; nth < 2 * SEVERAL; nth++) all.push(await place(nth % 2 ? first : second));
    const { doomed = [], spared = [] } = Object.groupBy(all, (one) =>
      one.nodeId === nodeId ? 'doomed' : 'spared',
    );
    expect([doomed.length, spared.length]).toEqual([SEVERAL, SEVERAL]);
    using sockets = await openSockets(spared);
    const told = failures({ url: second.url, apiKey }, doomed.length);
    const limitMs = LOST_WITHIN_MS * contention();

    const killedAt = performance.now();
    const killed = node.stop('SIGKILL');
    const [passedMs, events] = await Promise.all([
      untilAllFailed([first, second], doomed, killedAt),
      told.then((found) => ({ found, passedMs: performance.now() - killedAt })),
      during(LOST_WITHIN_MS, async () => {
        const made = await create(first);
        expect(made, made.text).toMatchObject({ status: 200 });
        await sockets.ask();
        await second.call('POST', `${RUNTIMES}/${made.json.id}/stop`);
      }),
      killed,
    ]);
    expect(passedMs).toBeLessThan(limitMs);
    expect(events.passedMs).toBeLessThan(limitMs);
    expect(events.found.map(({ runtimeId }) => runtimeId).toSorted()).toEqual(
      doomed.map(({ id }) => id).toSorted(),
    );
    for (const { data } of events.found) expect(data).toEqual(NODE_LOST.failure);
    for (const { id, cdpUrl } of doomed) {
      const { json } = await first.call('GET', `${RUNTIMES}/${id}/events?after=0`);
      expect(json.events.at(-1)).toMatchObject({ type: 'runtime.failed', data: NODE_LOST.failure });
      expect(await refusalOf(cdpUrl)).toMatchObject({ json: { code: 'runtime.not_active' } });
    }
    await assertActive(second, spared);
    await sockets.ask();
  },
);

/** Resolves with how long it took, when all APIs say of all runtimes that their node is lost. */
async function untilAllFailed(
  apis: readonly ClusterProcess[],
  doomed: readonly PlacedRuntime[],
  since: number,
): Promise<number> {
  await eventually(async () => {
    for (const { call } of apis) {
      for (const { id } of doomed) {
        expect(await call('GET', `${RUNTIMES}/${id}`)).toMatchObject({ json: NODE_LOST });
      }
    }
  });
  return performance.now() - since;
}

const Failed = z.object({ runtimeId: z.string(), data: z.unknown() });

/** The next so many failures that the stream of an organization tells. */
async function failures({ url, apiKey }: { url: string; apiKey: string }, many: number) {
  const hangUp = new AbortController();
  const headers = { authorization: `Bearer ${apiKey}` };
  const response = await fetch(`${url}/v1/events/stream`, { headers, signal: hangUp.signal });
  let text = '';
  let found: z.infer<typeof Failed>[] = [];
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    const said = [...text.matchAll(/event: runtime\.failed\ndata: (.*)\n/g)];
    found = said.map(([, data]) => Failed.parse(JSON.parse(data ?? '')));
    if (found.length >= many) break;
  }
  hangUp.abort();
  return found;
}
