import { expect, test as base } from 'vitest';
import { TestCluster } from '../../support/cluster.ts';
import { HAS_NATS } from '../../support/nats-server.ts';

const RUNTIMES = '/v1/workspaces/default/runtimes';

const test = base.extend('cluster', { scope: 'file' }, async ({}, { onCleanup }) => {
  const cluster = await TestCluster.open();
  onCleanup(() => cluster[Symbol.asyncDispose]());
  const node = await cluster.start('node');
  const [first, second] = await Promise.all([cluster.start('api'), cluster.start('api')]);
  return { cluster, node, first, second };
});

test.runIf(HAS_NATS)(
  'a runtime that one API made is there at another, by every verb',
  async ({ cluster: { first, second } }) => {
    const made = await first.call('POST', RUNTIMES, { alias: 'shared', kind: 'browser' });
    expect(made).toMatchObject({ status: 200 });
    expect(await second.call('GET', `${RUNTIMES}/shared`)).toMatchObject({
      status: 200,
      json: { status: 'active' },
    });
    const stopped = await second.call('POST', `${RUNTIMES}/shared/stop`);
    expect(stopped).toMatchObject({ status: 200, json: { status: 'stopped' } });
    expect(await first.call('GET', `${RUNTIMES}/shared`)).toMatchObject({
      json: { status: 'stopped' },
    });
  },
);
