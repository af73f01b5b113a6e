import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  request,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';
import { request as tlsRequest, createServer as createTlsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import {
  Credentials,
  type Claim,
} from '../../../src/runtime-manager/cluster/data-plane/credentials.ts';
import { DataPlaneClient } from '../../../src/runtime-manager/cluster/data-plane/data-plane-client.ts';
import { DataPlaneListener } from '../../../src/runtime-manager/cluster/data-plane/data-plane-listener.ts';
import type { TlsFiles } from '../../../src/runtime-manager/cluster/data-plane/tls-files.ts';
import type { SocketRequest } from '../../../src/runtime-manager/connections/requests.ts';
import type { NodeRequest, RuntimeNode } from '../../../src/runtime-manager/node/runtime-node.ts';
import { Tickets } from '../../../src/runtime-manager/connections/tickets.ts';
import { RUNTIME_ERROR_CODES, RuntimeError } from '../../../src/runtime-manager/errors.ts';
import { portOf, requestOf } from '../../support/node-under-test.ts';
import {
  handshake,
  hear,
  KEYS,
  makeCertificates,
  openPlaneTo,
  someTicket,
  SWITCHING,
  ticketAt,
  TICKETS,
} from './data-plane-support.ts';

const UNREACHABLE = { code: 'runtime.unreachable', retryAfterSeconds: 1 };
const FINE = { answer: async () => new Response('fine') };

/** What an API process would send, by somebody else. */
async function ask(port: number, headers: OutgoingHttpHeaders, path = '/runtime/json') {
  const sent = request({ host: '127.0.0.1', port, path, headers, agent: false });
  sent.flushHeaders();
  const continued = vi.fn<() => void>();
  sent.on('continue', continued);
  const response = await responseTo(sent);
  const answer = {
    status: response.statusCode,
    headers: response.headers,
    body: await text(response),
    isContinued: continued.mock.calls.length > 0,
  };
  sent.destroy();
  return answer;
}

function responseTo(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once('response', resolve);
    sent.once('error', reject);
  });
}

async function failOddly(): Promise<never> {
  throw new Error('the secret is 42');
}

function clientWith(tls: TlsFiles): DataPlaneClient {
  return new DataPlaneClient({ tickets: TICKETS, keys: KEYS, tls });
}

function claimAt(nodeId: string, differs: Partial<Claim> = {}): Claim {
  return {
    method: 'GET',
    path: '/runtime/json',
    nodeId,
    ticket: TICKETS.sign(someTicket(nodeId)),
    base: 'http://bctrl.test/v1',
    first: '',
    ...differs,
  };
}

function signedAt(nodeId: string, { offMs = 0 } = {}): Record<string, string> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + offMs });
  try {
    return new Credentials(KEYS).headersFor(claimAt(nodeId));
  } finally {
    vi.useRealTimers();
  }
}

test('a request that is signed is answered', async () => {
  const { node, listener } = await openPlaneTo(FINE);
  const answer = await ask(listener.port, signedAt(node.id));
  expect(answer).toMatchObject({ status: 200, body: 'fine' });
});

test('whoever does not sign is refused before anything else, and its body is not wanted', async () => {
  const { node, listener } = await openPlaneTo({});
  const { 'x-bctrl-signature': _, ...unsigned } = signedAt(node.id);
  const body = { expect: '100-continue', 'transfer-encoding': 'chunked' };
  const upgrade = { connection: 'Upgrade', upgrade: 'websocket' };
  for (const headers of [{}, unsigned, { ...unsigned, ...body }, { ...unsigned, ...upgrade }]) {
    const answer = await ask(listener.port, headers);
    expect(answer).toMatchObject({ status: 401, body: '', isContinued: false });
    expect(answer.headers).toMatchObject({ connection: 'close' });
  }
});

test('what was signed cannot be changed', async () => {
  const { node, listener } = await openPlaneTo({});
  const signed = signedAt(node.id);
  const changes: Record<string, string>[] = [
    { 'x-bctrl-ticket': TICKETS.sign(someTicket(node.id)) },
    { 'x-bctrl-base': 'http://elsewhere.test' },
    { 'x-bctrl-first': 'end' },
    { 'x-bctrl-node': randomUUID() },
    {
      'x-bctrl-signature':
        signed['x-bctrl-signature']?.replace(/^\d+/, String(Date.now() + 1)) ?? '',
    },
    { 'x-bctrl-signature': `${signed['x-bctrl-signature']}=` },
    { 'x-bctrl-signature': `${Date.now()}.` },
  ];
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1000 });
  onTestFinished(() => void vi.useRealTimers());
  for (const change of changes) {
    expect(await ask(listener.port, { ...signed, ...change })).toMatchObject({ status: 401 });
  }
  expect(await ask(listener.port, signed, '/runtime/other')).toMatchObject({ status: 401 });
});

test('clocks may differ by half a minute, and a signature is as old as that at most', async () => {
  const { node, listener } = await openPlaneTo(FINE);
  for (const offMs of [-31_000, 31_000]) {
    expect(await ask(listener.port, signedAt(node.id, { offMs }))).toMatchObject({ status: 401 });
  }
  for (const offMs of [-29_000, 29_000]) {
    expect(await ask(listener.port, signedAt(node.id, { offMs }))).toMatchObject({ status: 200 });
  }
});

test('after a rotation, the key that others still sign with is good', async () => {
  const [current] = KEYS;
  const old = randomBytes(32);
  const keys = [old, current] as const;
  const { client, target, ticket } = await openPlaneTo(FINE, { keys, clientKeys: KEYS });
  const response = await client.answer(target, ticket, requestOf());
  expect(await response.text()).toBe('fine');
});

test('an API process of another cluster reaches nothing', async () => {
  const clientKeys = [randomBytes(32)] as const;
  const { client, target, ticket } = await openPlaneTo({}, { clientKeys });
  await expect(client.answer(target, ticket, requestOf())).rejects.toMatchObject(UNREACHABLE);
});

test('another node at the address of a node does nothing for it', async () => {
  const { client, target, ticket } = await openPlaneTo({});
  const other = { ...target, nodeId: randomUUID() };
  await expect(client.answer(other, ticket, requestOf())).rejects.toMatchObject(UNREACHABLE);
  const { gone } = await handshake((asked) => client.connect(other, ticket, asked));
  await expect(gone).rejects.toMatchObject(UNREACHABLE);
  const elsewhere = ticketAt(other.nodeId);
  await expect(client.answer(target, elsewhere, requestOf())).rejects.toMatchObject(UNREACHABLE);
});

test('a ticket that nobody of the cluster signed is refused by the node, too', async () => {
  const { target, ticket } = await openPlaneTo({});
  const forging = new DataPlaneClient({
    tickets: new Tickets([randomBytes(32)]),
    keys: KEYS,
    tls: undefined,
  });
  onTestFinished(() => forging[Symbol.asyncDispose]());
  await expect(forging.answer(target, ticket, requestOf())).rejects.toMatchObject({
    code: 'connection.ticket_invalid',
  });
});

test('a refusal of the node comes out as it went in', async () => {
  let refusal = new RuntimeError('runtime.not_found', '');
  const refuse = async () => {
    throw refusal;
  };
  const { client, target, ticket } = await openPlaneTo({ connect: refuse, answer: refuse });
  for (const code of RUNTIME_ERROR_CODES) {
    refusal = new RuntimeError(code, `Because of “${code}”.`, {
      details: { client: '1.40.1', list: [1] },
      retryAfterSeconds: 7,
    });
    const { message, details } = refusal;
    const expected = { code, message, details, retryAfterSeconds: 7 };
    await expect(client.answer(target, ticket, requestOf())).rejects.toMatchObject(expected);
    const { gone, atApi } = await handshake((asked) => client.connect(target, ticket, asked));
    await expect(gone).rejects.toMatchObject(expected);
    // Whoever asked has to answer the client.
    expect((await atApi).writable).toBe(true);
  }
});

test('an unexpected failure is logged by the node, with the id of the request, and tells nothing', async () => {
  const { client, target, ticket, logged } = await openPlaneTo({
    connect: failOddly,
    answer: failOddly,
  });
  const failed = { code: 'service.unavailable', message: expect.not.stringContaining('42') };
  const answer = client.answer(target, ticket, requestOf({ requestId: 'one' }));
  await expect(answer).rejects.toMatchObject(failed);
  const headers = { 'x-request-id': 'two' };
  const { gone } = await handshake((asked) =>
    client.connect(target, ticket, { ...asked, headers }),
  );
  await expect(gone).rejects.toMatchObject(failed);
  const err = { message: 'the secret is 42' };
  expect(logged).toMatchObject([
    { level: 50, requestId: 'one', err },
    { level: 50, requestId: 'two', err },
  ]);
});

test('a request arrives as it was asked', async () => {
  const asked: NodeRequest[] = [];
  const answer: RuntimeNode['answer'] = async (_, given) => {
    asked.push(given);
    return new Response(await text(given.body));
  };
  const { client, target, ticket } = await openPlaneTo({ answer });
  const base = 'https://bctrl.test/v1/connect/a.b';
  for (const path of ['', '/', '?a=1', '/json/version', '/ping?nonce=1', '/a%20b/%C3%BC?c=%2F']) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      const body = (async function* () {
        yield Buffer.from(`${method} `);
        yield Buffer.from(path);
      })();
      const response = await client.answer(target, ticket, requestOf({ method, path, base, body }));
      expect(await response.text()).toBe(`${method} ${path}`);
      expect(asked.pop()).toMatchObject({ method, path, base });
    }
  }
  await client.answer(target, ticket, requestOf({ method: 'HEAD' }));
  expect(asked).toMatchObject([{ method: 'HEAD' }]);
});

test('the answer of a runtime passes as it is, and forges nothing of ours', async () => {
  const problem = JSON.stringify({ code: 'auth.forbidden', message: 'forged' });
  const said = [
    ['content-type', 'application/json; charset=utf-8'],
    ['x-bctrl-answer', 'problem'],
    ['X-Bctrl-Runtime-Id', 'forged'],
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
    ['transfer-encoding', 'identity'],
    ['keep-alive', 'timeout=1'],
  ] as [string, string][];
  const answers = [
    new Response(problem, { status: 404, headers: said }),
    new Response(null, { status: 204 }),
    new Response('', { status: 500 }),
  ];
  const answer = async () => answers.shift() ?? Response.error();
  const { client, target, ticket } = await openPlaneTo({ answer });
  const got = await client.answer(target, ticket, requestOf());
  expect(got.status).toBe(404);
  expect([...got.headers]).toEqual([said[0], said[3], said[4]]);
  expect(await got.text()).toBe(problem);
  const empty = await client.answer(target, ticket, requestOf());
  expect([empty.status, empty.body]).toEqual([204, null]);
  const failed = await client.answer(target, ticket, requestOf());
  expect([failed.status, await failed.text()]).toEqual([500, '']);
});

test('of a handshake, only what a node reads passes', async () => {
  const seen = Promise.withResolvers<SocketRequest>();
  const connect: RuntimeNode['connect'] = async (_, asked) => {
    seen.resolve(asked);
    asked.socket.end(
      `${SWITCHING}Sec-WebSocket-Accept: yes\r\nX-Bctrl-Runtime-Alias: forged\r\n\r\nhello`,
    );
  };
  const { client, target, ticket, node } = await openPlaneTo({ connect });
  const onOpen = vi.fn<() => void>();
  const headers = { 'x-request-id': 'one', 'x-bctrl-runtime-id': 'two' };
  const first = { keepAlive: true };
  const differs = { path: '/devtools/page/1?a=1', headers, onOpen, first };
  const { client: socket, gone } = await handshake(
    (asked) => client.connect(target, ticket, { ...asked, ...differs }),
    [
      'Authorization: Bearer secret',
      'Cookie: secret=1',
      'Origin: http://page.test',
      'X-Forwarded-For: 10.0.0.1',
      'X-Bctrl-First: end',
      'Sec-WebSocket-Protocol: chat',
      'User-Agent: Playwright/1.65.1',
      'X-Playwright-Browser: chromium',
    ],
  );
  const heard = await hear(socket, 'hello');
  const ofApi = 'x-request-id: one\r\nx-bctrl-runtime-id: two\r\n';
  expect(heard).toBe(`${SWITCHING}Sec-WebSocket-Accept: yes\r\n${ofApi}\r\nhello`);
  expect(onOpen).toHaveBeenCalledOnce();
  const asked = await seen.promise;
  expect(asked).toMatchObject({ path: differs.path, first });
  expect(Object.keys(asked.request.headers).toSorted()).toEqual([
    'connection',
    'host',
    'sec-websocket-key',
    'sec-websocket-protocol',
    'sec-websocket-version',
    'upgrade',
    'user-agent',
    'x-bctrl-first',
    'x-bctrl-node',
    'x-bctrl-signature',
    'x-bctrl-ticket',
    'x-playwright-browser',
    'x-request-id',
  ]);
  expect(asked.request.headers).toMatchObject({
    host: target.address,
    'user-agent': 'Playwright/1.65.1',
    'x-playwright-browser': 'chromium',
    'x-bctrl-node': node.id,
  });
  socket.end();
  await gone;
});

test('only who shows a certificate of the cluster is listened to', async () => {
  await using certificates = await makeCertificates();
  await using others = await makeCertificates();
  const { node, listener, target, ticket, logged } = await openPlaneTo(FINE, { certificates });
  const ca = readFileSync(certificates.node.caFile);
  const options = { port: listener.port, path: '/runtime/json', servername: 'bctrl-node', ca };
  const sent = tlsRequest({ ...options, headers: signedAt(node.id) });
  sent.end();
  await expect(responseTo(sent)).rejects.toThrow();
  const foreign = { ...others.api, caFile: certificates.api.caFile };
  const strangers = [foreign, others.api, undefined];
  for (const tls of strangers) {
    await using client = new DataPlaneClient({ tickets: TICKETS, keys: KEYS, tls });
    await expect(client.answer(target, ticket, requestOf())).rejects.toMatchObject(UNREACHABLE);
    expect(await client.ping(target, 5000)).toBe('refused');
  }
  expect(logged).toContainEqual(expect.objectContaining({ level: 40 }));
  const last = tlsRequest({
    ...options,
    cert: readFileSync(certificates.api.certFile),
    key: readFileSync(certificates.api.keyFile),
    headers: signedAt(node.id),
    maxVersion: 'TLSv1.2',
  });
  last.end();
  await expect(responseTo(last)).rejects.toThrow();
});

test('an API process cannot stand in for a node', async () => {
  await using certificates = await makeCertificates();
  const { api } = certificates;
  const [ca, cert, key] = [api.caFile, api.certFile, api.keyFile].map((path) => readFileSync(path));
  const asked = vi.fn<() => void>();
  const pretender = createTlsServer({ ca, cert, key, requestCert: true }, asked);
  pretender.listen(0, '127.0.0.1');
  await once(pretender, 'listening');
  onTestFinished(() => void pretender.close());
  await using client = new DataPlaneClient({ tickets: TICKETS, keys: KEYS, tls: api });
  const nodeId = randomUUID();
  const target = { nodeId, address: `127.0.0.1:${portOf(pretender.address())}` };
  const cause = { code: 'ERR_TLS_CERT_ALTNAME_INVALID' };
  const ticket = ticketAt(nodeId);
  const refused = { ...UNREACHABLE, cause: expect.objectContaining(cause) };
  await expect(client.answer(target, ticket, requestOf())).rejects.toMatchObject(refused);
  const { gone } = await handshake((given) => client.connect(target, ticket, given));
  await expect(gone).rejects.toMatchObject(refused);
  expect(await client.ping(target, 5000)).toBe('refused');
  expect(asked).not.toHaveBeenCalled();
});

test('files of TLS that cannot be used are named', async () => {
  await using certificates = await makeCertificates();
  const { node, api } = certificates;
  const missing = { ...api, certFile: '/nowhere/cert.pem' };
  expect(() => clientWith(missing)).toThrow('/nowhere/cert.pem cannot be read: ENOENT.');
  expect(() => clientWith({ ...api, caFile: api.keyFile })).toThrow(
    `${api.keyFile} has no certificate in PEM.`,
  );
  expect(() => clientWith({ ...api, keyFile: api.certFile })).toThrow(
    `${api.certFile} has no private key in PEM.`,
  );
  expect(() => clientWith({ ...api, keyFile: node.keyFile })).toThrow(
    `The key in ${node.keyFile} does not belong to the certificate in ${api.certFile}.`,
  );
  await expect(openPlaneTo({}, { certificates: { node: api, api } })).rejects.toThrow(
    `The certificate in ${api.certFile} is not for a node: it has no DNS name bctrl-node.`,
  );
});

test('a port that is taken, and a foreign address, are named', async () => {
  const { node, listener } = await openPlaneTo({});
  const log = pino({ level: 'silent' });
  const open = (host: string) =>
    DataPlaneListener.open({
      node,
      tickets: TICKETS,
      keys: KEYS,
      host,
      port: listener.port,
      tls: undefined,
      serveLine: () => undefined,
      log,
    });
  await expect(open('127.0.0.1')).rejects.toThrow(
    `BCTRL_NODE_PORT ${listener.port} is taken on 127.0.0.1: set BCTRL_NODE_PORT to a free one.`,
  );
  await expect(open('192.0.2.1')).rejects.toThrow('192.0.2.1 is no address of this machine');
});
