/** What happens when the cable of a machine is cut, on both sides of it. */
import { expect, onTestFinished, test } from 'vitest';
import { createNodeStore } from '../../../src/db/queries/nodes.ts';
import { openDatabase } from '../../../src/db/client.ts';
import { openCdp, refusalOf } from '../../support/cdp.ts';
import { TestCluster, type ClusterProcess } from '../../support/cluster.ts';
import { contention } from '../../support/contention.ts';
import { eventually } from '../../support/eventually.ts';
import { Forwarder } from '../../support/forwarder.ts';
import {
  NODE_LOST,
  nodeIdOf,
  place,
  placeOn,
  RUNTIMES,
  type PlacedRuntime,
} from '../../support/lost.ts';
import { HAS_NATS } from '../../support/nats-server.ts';
import { HAS_NETWORKS, openNetwork } from '../../support/network.ts';
import { chromiumsOf } from '../../support/processes.ts';

const WITHIN_MS = 3000;
const PROFILES = '/v1/browser-profiles';

test.runIf(HAS_NATS && HAS_NETWORKS)(
  'a node that is cut off ends its browsers as others fail them, and comes back by itself',
  async () => {
    const { cluster, network, near, far, api } = await openCluster();
    const farId = await nodeIdOf(far);
    const profile = await api.call('POST', PROFILES, { name: 'open' });
    const launch = { mode: 'profile', profileId: profile.json.id };
    const kept = await placeOn(api, farId, { launch });
    await setCookie(kept, 'far');
    const doomed = [kept, await placeOn(api, farId)];
    const spared = await placeOn(api, await nodeIdOf(near));
    const limitMs = WITHIN_MS * contention();

    await network.other.cut();
    const cutAt = performance.now();
    const passed = () => performance.now() - cutAt;
    const [failedMs, goneMs] = await Promise.all([
      untilFailed(api, doomed).then(passed),
      eventually(async () => expect(await chromiumsOf(far.dataDir)).toEqual([])).then(passed),
    ]);
    expect(failedMs).toBeLessThan(limitMs);
    expect(goneMs).toBeLessThan(limitMs);
    // The profile is free: somebody else writes it.
    const other = await place(api, { launch });
    expect(other.nodeId).not.toBe(farId);
    await setCookie(other, 'near');
    await api.call('POST', `${RUNTIMES}/${other.id}/stop`);

    await network.other.restore();
    await using database = await openDatabase({ url: cluster.databaseUrl });
    await eventually(async () => {
      const listed = await createNodeStore(database).list();
      expect(listed.find(({ id }) => id === farId)).toMatchObject({ epoch: 2, state: 'up' });
    });
    // Before them there may be those of runtimes that came to the other node at first.
    const [late, current] = await versionsOf(api, profile.json.id);
    expect([late, current]).toEqual([
      { kind: 'recovered', isCurrent: false, runtimeId: kept.id },
      { kind: 'saved', isCurrent: true, runtimeId: other.id },
    ]);
    const again = await eventually(() => placeOn(api, farId, { most: 4 }));
    using client = await openCdp(again.cdpUrl);
    await client.send('Browser.getVersion');
    for (const { cdpUrl } of doomed) {
      expect(await refusalOf(cdpUrl)).toMatchObject({ json: { code: 'runtime.not_active' } });
    }
    expect(await api.call('GET', `${RUNTIMES}/${spared.id}`)).toMatchObject({
      json: { status: 'active' },
    });
    await eventually(async () => {
      // One is in use, and one is ready for the next.
      expect((await chromiumsOf(far.dataDir)).length).toBeGreaterThanOrEqual(2);
    });
  },
);

/** A node at the other end of a cable, one here, and an API process. */
async function openCluster() {
  const network = await openNetwork();
  onTestFinished(() => network[Symbol.asyncDispose]());
  const cluster = await TestCluster.open();
  onTestFinished(() => cluster[Symbol.asyncDispose]());
  const reach = async (to: number | string) => {
    const forwarder = await Forwarder.open({ to, host: network.host });
    onTestFinished(() => forwarder[Symbol.asyncDispose]());
    return forwarder;
  };
  const [postgres, nats, s3] = [
    await reach(cluster.postgresSocket),
    await reach(cluster.nats.port),
    await reach(cluster.s3Port),
  ];
  const env = {
    DATABASE_URL: cluster.databaseAt(postgres),
    NATS_URL: `nats://${nats.host}:${nats.port}`,
    BCTRL_S3_ENDPOINT: `http://${s3.host}:${s3.port}`,
    BCTRL_NODE_TLS: 'off',
  };
  const [near, far] = await Promise.all([
    cluster.start('node'),
    cluster.start('node', env, network.other.via),
  ]);
  return { cluster, network, near, far, api: await cluster.start('api') };
}

async function untilFailed({ call }: ClusterProcess, doomed: readonly PlacedRuntime[]) {
  await eventually(async () => {
    for (const { id } of doomed) {
      expect(await call('GET', `${RUNTIMES}/${id}`)).toMatchObject({ json: NODE_LOST });
    }
  });
}

async function setCookie({ cdpUrl }: PlacedRuntime, value: string): Promise<void> {
  using client = await openCdp(cdpUrl);
  const expires = Date.now() / 1000 + 100_000;
  const cookie = { name: 'who', value, url: 'http://site.test/', expires };
  await client.send('Storage.setCookies', { cookies: [cookie] });
}

/** Newest first. */
async function versionsOf({ call }: ClusterProcess, profileId: string) {
  const { json } = await call('GET', `${PROFILES}/${profileId}/versions`);
  return json.versions.map(
    ({ kind, isCurrent, runtimeId }: { kind: string; isCurrent: boolean; runtimeId: string }) => ({
      kind,
      isCurrent,
      runtimeId,
    }),
  );
}
