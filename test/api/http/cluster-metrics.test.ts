import { expect, onTestFinished, test } from 'vitest';
import { cachedFigures } from '../../../src/api/cached-figures.ts';
import { createMetrics } from '../../../src/api/http/metrics.ts';
import { CapacityHistory } from '../../../src/runtime-manager/index.ts';
import { openFakeNodeUnderTest } from '../../support/fake-node-under-test.ts';

const FIGURES = {
  activeRuntimes: 7,
  waiting: 4,
  oldestWaitMs: 1500,
  nodes: { up: 2, draining: 1, lost: 0, left: 0 },
};

function openMetrics(figures: () => Promise<typeof FIGURES>) {
  const metrics = createMetrics({ version: '1' });
  const cluster = metrics.openCluster();
  const load = { slots: 10, active: 6, waiting: 2, free: 2, warm: 0 };
  const machine = {
    launching: 0,
    memory: { freeBytes: 0, floorBytes: 0, browserBytes: 0 },
    launches: { perMinute: 0, failedPerMinute: 0, p50Ms: 0, p95Ms: 0 },
  };
  const cached = cachedFigures({ figures });
  const capacity = new CapacityHistory({
    nodes: () => ['a', 'b'].map((nodeId) => ({ ...load, ...machine, nodeId, oldestWaitMs: 0 })),
    waiting: cached,
  });
  onTestFinished(() => capacity[Symbol.dispose]());
  cluster.showCluster({ capacity, figures: cached });
  const lines = async () => (await metrics.expose(undefined)).text.split('\n');
  return { cluster, lines };
}

test('a scrape tells of the whole cluster, and asks the database once', async () => {
  let asked = 0;
  const { cluster, lines } = openMetrics(async () => {
    asked++;
    return FIGURES;
  });
  cluster.placed('taken');
  cluster.placed('declined');
  cluster.placed('taken');
  await cluster.renewal(async () => undefined);
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'bctrl_cluster_runtimes_active 7',
      'bctrl_cluster_nodes{state="up"} 2',
      'bctrl_cluster_nodes{state="draining"} 1',
      'bctrl_cluster_nodes{state="lost"} 0',
      'bctrl_cluster_slots 20',
      'bctrl_cluster_free 4',
      'bctrl_cluster_queue_length 4',
      'bctrl_cluster_queue_oldest_seconds 1.5',
      'bctrl_cluster_headroom_wanted 0',
      'bctrl_placements_total{outcome="taken"} 2',
      'bctrl_placements_total{outcome="declined"} 1',
      'bctrl_lease_renew_seconds_count 1',
    ]),
  );
  await lines();
  expect(asked).toBe(1);
});

test('without a database a scrape leaves out what only that knows', async () => {
  const { lines } = openMetrics(() => Promise.reject(new Error('away')));
  const told = (await lines()).filter((line) => line.startsWith('bctrl_cluster_'));
  expect(told).toContain('bctrl_cluster_slots 20');
  expect(told.filter((line) => /runtimes_active|nodes|queue/.test(line))).toEqual([]);
});

test('a node tells how it is itself', async () => {
  const { node, ...subject } = await openFakeNodeUnderTest();
  onTestFinished(() => subject[Symbol.asyncDispose]());
  const metrics = createMetrics({ version: '1' });
  metrics.openCluster().showNode(node);
  expect((await metrics.expose(undefined)).text).toMatch(/^bctrl_node_free 100$/m);
  node.drain();
  const text = (await metrics.expose(undefined)).text;
  expect(text).toMatch(/^bctrl_node_free 0$/m);
  expect(text).toMatch(/^bctrl_node_draining 1$/m);
  expect(text).toMatch(/^bctrl_node_stall_seconds [\d.e-]+$/m);
});
