import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { localBrowser, Stagehand } from '@browserbasehq/stagehand';
import { expect, onTestFinished, test } from 'vitest';
import { TestCluster } from '../../support/cluster.ts';
import { modelStandIn } from '../../support/model-stand-in.ts';
import { HAS_NATS } from '../../support/nats-server.ts';
import { openSite } from '../../support/site.ts';

/** A load balancer, which learns later of the one API that it has. */
async function openBalancer() {
  const api = Promise.withResolvers<number>();
  /** The paths that were asked for first, over each connection. */
  const seen: string[] = [];
  const pass = async (client: Socket) => {
    const upstream = connect(await api.promise, '127.0.0.1');
    client.once('data', (said) => seen.push(said.toString().split(' ')[1] ?? ''));
    client.pipe(upstream).pipe(client);
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  };
  const server = createServer((client) => void pass(client));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, seen, passTo: api.resolve };
}

test.runIf(HAS_NATS)(
  "Stagehand's extension enters by the public address of the APIs, which pages do not reach",
  async () => {
    await using cluster = await TestCluster.open();
    const balancer = await openBalancer();
    const env = { BCTRL_PUBLIC_URL: balancer.url };
    await cluster.start('node', { ...env, BCTRL_DRAIN_SECONDS: '0' });
    const api = await cluster.start('api', env);
    balancer.passTo(Number(new URL(api.url).port));
    const wanted = { alias: 'driven', kind: 'browser', driver: 'stagehand' };
    const made = await api.call('POST', '/v1/workspaces/default/runtimes', wanted);
    expect(made, made.text).toMatchObject({ status: 200 });
    const { cdpUrl } = made.json.connection;
    expect(new URL(cdpUrl).host).toBe(new URL(balancer.url).host);
    const browser = await localBrowser.connect({ cdpUrl });
    onTestFinished(() => browser.close());
    const logging = { level: 'error' } as const;
    const stagehand = await Stagehand.create({ browser, model: modelStandIn, logging });
    const page = await browser.context.newPage();
    await page.goto(await openSite());
    const clicked = await stagehand.act('click the Greet button');
    expect(clicked.data).toMatchObject({ success: true });
    const ask = `fetch('${balancer.url}/healthz', { mode: 'no-cors' }).catch(() => undefined)`;
    await page.evaluate(`${ask}.then(() => undefined)`);
    const path = new URL(cdpUrl).pathname;
    expect(balancer.seen.filter((one) => one.startsWith(path)).length).toBeGreaterThan(1);
    expect(balancer.seen).not.toContain('/healthz');
    await fetch(`${balancer.url}/healthz`);
    expect(balancer.seen).toContain('/healthz');
  },
);
