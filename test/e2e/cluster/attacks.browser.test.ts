import { randomBytes, randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { request } from 'node:http';
import { expect, onTestFinished, test as base, vi } from 'vitest';
import { openDatabase } from '../../../src/db/client.ts';
import { createNodeStore } from '../../../src/db/queries/nodes.ts';
import { insertOrganization } from '../../../src/db/queries/organizations.ts';
import { Sealing } from '../../../src/db/sealing.ts';
import {
  Credentials,
  type Claim,
} from '../../../src/runtime-manager/cluster/data-plane/credentials.ts';
import { HEADERS } from '../../../src/runtime-manager/cluster/data-plane/headers.ts';
import { Tickets, type Ticket } from '../../../src/runtime-manager/connections/tickets.ts';
import { openCdp, refusalOf } from '../../support/cdp.ts';
import { TestCluster, type ClusterProcess } from '../../support/cluster.ts';
import { connectOnceUrl } from '../../support/connect-once.ts';
import { caller } from '../../support/http.ts';
import { addKey } from '../../support/keys.ts';
import { puppeteerPage } from '../../support/first-page.ts';
import { HAS_NATS } from '../../support/nats-server.ts';
import { at, createOn, nodeIdOf } from '../../support/replicas.ts';
import { createWorkspace, type TestWorkspace } from '../../support/test.ts';
import { openWaysSite } from '../../support/ways-site.ts';

/** Of two nodes, browsers of one may reach this machine, and those of the other may not. */
const test = base
  .extend('replicas', { scope: 'file' }, async ({}, { onCleanup }) => {
    const stack = new AsyncDisposableStack();
    onCleanup(() => stack.disposeAsync());
    const cluster = stack.use(await TestCluster.open());
    const { port, url: DATABASE_URL } = stack.adopt(await cluster.openDatabasePort(), (forwarded) =>
      forwarded[Symbol.asyncDispose](),
    );
    const nodes = await Promise.all([
      cluster.start('node', { DATABASE_URL }),
      cluster.start('node', { DATABASE_URL, BCTRL_EGRESS_ALLOW: '192.0.2.1' }),
    ]);
    const [first, second] = await Promise.all([cluster.start('api'), cluster.start('api')]);
    const database = stack.use(await openDatabase({ url: cluster.databaseUrl }));
    const secrets = await Sealing.open(
      database.db,
      cluster.env('api')['BCTRL_ENCRYPTION_KEY'] ?? '',
    );
    const listed = await createNodeStore(database).list();
    const dataPorts = nodes.map(({ nodeId }) => {
      const address = listed.find(({ id }) => id === nodeId)?.address;
      return Number(new URL(`tcp://${address}`).port);
    });
    const others = [cluster.nats.port, port, cluster.s3Port];
    return { cluster, nodes, first, second, database, secrets, dataPorts, others };
  })
  .skipIf(!HAS_NATS);

/** A runtime, and what the ticket of its CDP address says. */
async function createWithTicket(node: ClusterProcess, workspace: TestWorkspace, read: Tickets) {
  const runtime = await createOn(node, workspace);
  const [, text = ''] = runtime.connection.cdpUrl.split('/v1/connect/');
  return { runtime, text, ticket: read.read(text) };
}

test('tickets that were not issued for a runtime as it is are refused at every API', async ({
  replicas: { nodes, first, second, secrets },
}) => {
  const workspace = await createWorkspace(first);
  const [one, other] = nodes;
  const tickets = new Tickets(secrets.ticketKeys);
  const { runtime, text, ticket } = await createWithTicket(one, workspace, tickets);
  const strange = await createWithTicket(other, workspace, tickets);
  const signed = (differs: Partial<Ticket>) => tickets.sign({ ...ticket, ...differs });
  const [payload, signature] = text.split('.');
  const cases: [string, number, string][] = [
    [`${payload}.${'A'.repeat(43)}`, 401, 'connection.ticket_invalid'],
    [`${strange.text.split('.')[0]}.${signature}`, 401, 'connection.ticket_invalid'],
    [new Tickets([randomBytes(32)]).sign(ticket), 401, 'connection.ticket_invalid'],
    [signed({ expiresAt: new Date(Date.now() - 1000) }), 401, 'connection.ticket_expired'],
    [signed({ nodeId: other.nodeId }), 410, 'runtime.not_active'],
    [signed({ nodeId: randomUUID() }), 502, 'runtime.unreachable'],
    [signed({ runtimeId: randomUUID() }), 410, 'runtime.not_active'],
    [signed({ connectionId: strange.ticket.connectionId }), 410, 'connection.revoked'],
    [signed({ runtimeId: strange.ticket.runtimeId }), 410, 'runtime.not_active'],
  ];
  for (const api of [first, second]) {
    const ws = api.url.replace('http', 'ws');
    for (const [given, status, code] of cases) {
      const refused = { status, json: { code } };
      expect(await refusalOf(`${ws}/v1/connect/${given}`), code).toMatchObject(refused);
      const path = `/v1/connect/${given}/json/version`;
      expect(await caller(api.url, undefined)('GET', path), code).toMatchObject(refused);
    }
    using client = await openCdp(at(api, runtime.connection.cdpUrl));
    expect(await client.send('Browser.getVersion')).toHaveProperty('product');
  }
});

test('another organization gets nowhere at any API', async ({
  replicas: { nodes, first, second, database },
}) => {
  const workspace = await createWorkspace(first);
  const { id } = await createOn(nodes[0], workspace);
  const organization = await insertOrganization(database.db, 'another organization');
  const key = await addKey(database, {}, organization.id);
  for (const api of [first, second]) {
    const call = caller(api.url, key);
    const absent = { status: 404, json: { code: 'workspace.not_found' } };
    for (const [method, path, body] of [
      ['GET', ''],
      ['GET', '/events'],
      ['GET', '/connections'],
      ['POST', '/stop'],
      ['POST', '/restart'],
      ['PUT', '/proxy', { proxy: null }],
      ['POST', '/captchas/solve', {}],
      ['DELETE', ''],
    ] as const) {
      expect(await call(method, `${workspace.runtimes}/${id}${path}`, body)).toMatchObject(absent);
    }
    expect((await call('GET', '/v1/runtimes')).json.runtimes).toEqual([]);
    const headers = { authorization: `Bearer ${key}` };
    const url = `${api.url.replace('http', 'ws')}${workspace.runtimes}/${id}/cdp`;
    expect(await refusalOf(url, headers)).toMatchObject(absent);
    expect(await refusalOf(connectOnceUrl(api, workspace), headers)).toMatchObject(absent);
  }
});

/** The status that a request to the port of a node's data plane is answered with. */
async function statusOf(port: number, path: string, headers: Record<string, string>) {
  const asked = request({ host: '127.0.0.1', port, path, headers, agent: false });
  asked.end();
  const [response] = await once(asked, 'response');
  response.resume();
  return response.statusCode;
}

test('the data plane of a node answers nobody but processes of the cluster, just now', async ({
  replicas: { nodes, first, secrets, dataPorts },
}) => {
  const workspace = await createWorkspace(first);
  const { nodeId } = nodes[0];
  const [port = 0, otherPort = 0] = dataPorts;
  const tickets = new Tickets(secrets.ticketKeys);
  const { text: ticket } = await createWithTicket(nodes[0], workspace, tickets);
  const path = '/runtime/json/version';
  const claim: Claim = { method: 'GET', path, nodeId, ticket, base: 'http://x', first: '' };
  const ours = new Credentials(secrets.nodeKeys);
  const headers = ours.headersFor(claim);
  expect(await statusOf(port, path, headers)).toBe(200);
  const { [HEADERS.signature]: _, ...unsigned } = headers;
  const strangers = new Credentials([randomBytes(32)]);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 31_000 });
  const old = ours.headersFor(claim);
  vi.useRealTimers();
  for (const given of [
    {},
    { [HEADERS.ticket]: ticket },
    { authorization: `Bearer ${first.apiKey}` },
    unsigned,
    old,
    strangers.headersFor(claim),
    // What is signed is what is asked.
    { ...headers, [HEADERS.first]: 'end' },
    ours.headersFor({ ...claim, path: '/runtime/json/list' }),
  ]) {
    expect(await statusOf(port, path, given)).toBe(401);
  }
  const line = '/line?nonce=1';
  const upgrade = { connection: 'Upgrade', upgrade: 'bctrl-line' };
  const toLine = { ...claim, path: line, ticket: '', base: '' };
  for (const given of [{}, headers, strangers.headersFor(toLine)]) {
    expect(await statusOf(port, line, { ...given, ...upgrade })).toBe(401);
  }
  const oursToLine = ours.headersFor(toLine);
  expect(await statusOf(port, line, oursToLine)).toBe(404);
  expect(await statusOf(otherPort, line, { ...oursToLine, ...upgrade })).toBe(421);
  expect(await statusOf(otherPort, path, headers)).toBe(421);
  const meantForOther = ours.headersFor({ ...claim, nodeId: nodes[1].nodeId });
  expect(await statusOf(otherPort, path, meantForOther)).toBe(421);
  expect(
    await statusOf(port, '/v1/runtimes', ours.headersFor({ ...claim, path: '/v1/runtimes' })),
  ).toBe(404);
});

const reading = (url: string) =>
  `fetch('${url}', { mode: 'no-cors' }).then(() => 'reached', () => 'failed')`;
const socket = (url: string) =>
  `new Promise((done) => { const s = new WebSocket('${url}');
     s.onopen = () => done('reached'); s.onerror = () => done('failed'); })`;
const candidates = (port: number) =>
  `new Promise((done) => {
     const found = [];
     const urls = ['stun:127.0.0.1:${port}', 'turn:127.0.0.1:${port}?transport=tcp'];
     const peer = new RTCPeerConnection({ iceServers: [{ urls, username: 'u', credential: 'p' }] });
     peer.createDataChannel('x');
     peer.onicecandidate = (e) => (e.candidate ? found.push(e.candidate.candidate) : done(found));
     peer.createOffer().then((offer) => peer.setLocalDescription(offer));
     setTimeout(() => done(found), 3000);
   })`;
const transport = (port: number) =>
  `new WebTransport('https://127.0.0.1:${port}/', {
     serverCertificateHashes: [{ algorithm: 'sha-256', value: new Uint8Array(32) }],
   }).ready.then(() => 'open', () => 'failed')`;

/** Collects the packets that arrive at a port, until the test is over. */
async function openUdp(port: number): Promise<Buffer[]> {
  const packets: Buffer[] = [];
  const udp = createSocket('udp4', (packet) => void packets.push(packet));
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  onTestFinished(() => void udp.close());
  return packets;
}

test.for([
  [0, 'this machine'],
  [1, 'nothing here'],
] as const)(
  'no page of node %s, whose browsers may reach %s, reaches what the cluster is made of',
  async ([nth], { replicas }) => {
    const { nodes, first, second, dataPorts, others } = replicas;
    const workspace = await createWorkspace(first);
    const node = nth === 0 ? nodes[0] : nodes[1];
    const { id, connection } = await createOn(node, workspace);
    const page = await puppeteerPage(connection.cdpUrl, 'about:blank');
    const ports = [...others, ...dataPorts, ...[first, second].map((api) => portOf(api))];
    const site = await openWaysSite();
    const open = `http://127.0.0.1:${site.port}`;
    // The control: the same ways lead to a site of this machine, if any do.
    expect((await page.goto(`${open}/goto`))?.status()).toBe(nth === 0 ? 200 : 403);
    if (nth === 0) {
      expect(await page.evaluate(reading(`${open}/fetch`))).toBe('reached');
      expect(await page.evaluate(socket(`ws://127.0.0.1:${site.port}/socket`))).toBe('reached');
    }
    // Some ways are given up after seconds only: the ports are tried at once.
    await Promise.all(
      ports.map(async (port) => {
        const packets = await openUdp(port);
        await page.evaluate(reading(`http://127.0.0.1:${port}/`));
        expect(await page.evaluate(socket(`ws://127.0.0.1:${port}/`)), `${port}`).toBe('failed');
        expect(await page.evaluate(candidates(port))).toEqual([]);
        expect(await page.evaluate(transport(port))).toBe('failed');
        expect(packets).toEqual([]);
      }),
    );
    for (const port of ports) {
      for (const host of ['127.0.0.1', 'localhost', '[::1]', '127.9.9.9']) {
        const answer = await page.goto(`http://${host}:${port}/readyz`);
        expect(answer?.status(), `${host}:${port}`).toBe(403);
        expect(await answer?.text()).toContain('does not let this browser reach');
      }
    }
    await expect
      .poll(async () => {
        const { json } = await second.call('GET', `${workspace.runtimes}/${id}/events?limit=100`);
        return json.events
          .filter(({ data }: { data: { code?: string } }) => data.code === 'own_port')
          .map(({ data }: { data: { port: number } }) => data.port);
      })
      .toEqual(expect.arrayContaining(ports));
    const seen = site.seen.filter((path) => path !== '/favicon.ico');
    expect(seen).toEqual(nth === 0 ? ['/goto', '/fetch', '/socket'] : []);
  },
);

test('a page enters an API by a ticket, over a websocket, and by nothing else', async ({
  replicas: { nodes, first, second },
}) => {
  const workspace = await createWorkspace(first);
  for (const node of nodes) {
    const { connection } = await createOn(node, workspace);
    const page = await puppeteerPage(connection.cdpUrl, 'about:blank');
    for (const api of [first, second]) {
      const ticketed = at(api, connection.cdpUrl);
      expect(nodeIdOf(ticketed)).toBe(node.nodeId);
      expect(await page.evaluate(socket(ticketed))).toBe('reached');
      await page.evaluate(reading(`${ticketed.replace('ws', 'http')}/json/version`));
      const answer = await page.goto(`${ticketed.replace('ws', 'http')}/json/version`);
      expect(answer?.status()).toBe(403);
      await page.goto('about:blank');
      const token = { token: api.apiKey, alias: 'from-a-page' };
      expect(await page.evaluate(socket(connectOnceUrl(api, workspace, token)))).toBe('failed');
    }
  }
  const { json } = await second.call('GET', `${workspace.runtimes}/from-a-page`);
  expect(json).toMatchObject({ code: 'runtime.not_found' });
});

function portOf({ url }: ClusterProcess): number {
  return Number(new URL(url).port);
}
