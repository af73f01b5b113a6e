import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { EgressPolicy } from '../../../src/runtime-manager/egress/egress-policy.ts';
import { Forwarder } from '../../../src/runtime-manager/egress/forwarder.ts';
import { OwnPorts } from '../../../src/runtime-manager/egress/own-ports.ts';
import type { EgressRules, NewEvent, Proxy } from '../../../src/runtime-manager/index.ts';
import { openHttpProxy, openOddProxy, openSocksProxy } from '../../support/proxies.ts';
import { openWaysSite } from '../../support/ways-site.ts';

interface TestForwarder {
  forwarder: Forwarder;
  ownPorts: OwnPorts;
  events: NewEvent[];
  socksPort: number;
}

async function openForwarder(
  proxy?: Omit<Proxy, 'host'>,
  rules: EgressRules = {},
): Promise<TestForwarder> {
  const ownPorts = new OwnPorts();
  const policy = new EgressPolicy({ allow: ['*'], ownPorts });
  const forwarder = await Forwarder.open({ policy, ownPorts, proxyTimeoutMs: 500 });
  onTestFinished(() => forwarder[Symbol.asyncDispose]());
  const events: NewEvent[] = [];
  forwarder.onFailure = (event) => void events.push(event);
  forwarder.setRoute({ proxy: proxy && { host: '127.0.0.1', ...proxy }, rules });
  const socksPort = Number(/socks5:\/\/127\.0\.0\.1:(\d+)/.exec(forwarder.proxyServer)?.[1]);
  return { forwarder, ownPorts, events, socksPort };
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** What is said to it before it is quiet for a while. */
async function ask(port: number, ...said: (string | Buffer)[]): Promise<string> {
  const socket = await open(port);
  let heard = '';
  socket.on('data', (chunk) => {
    heard += chunk.toString('latin1');
  });
  for (const part of said) {
    socket.write(part);
    await delay(30);
  }
  for (let before = -1; before !== heard.length; before = heard.length, await delay(150));
  return heard;
}

/** RFC 1928. */
function socksRequest(host: string, port: number): Buffer {
  const name = Buffer.from(host);
  return Buffer.concat([
    Buffer.from([5, 1, 0, 5, 1, 0, 3, name.length]),
    name,
    Buffer.from([port >> 8, port & 255]),
  ]);
}

test('a site that speaks oddly is no danger to the service', async () => {
  const odd = [
    'HTTP/1.1 200 O\u0001K\r\ncontent-length: 2\r\n\r\nhi',
    'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    'garbage\r\n\r\n',
    'HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n',
    '',
  ];
  for (const answer of odd) {
    const site = await openOddProxy((client) => client.once('data', () => client.end(answer)));
    for (const way of [undefined, { type: 'http', port: site.port } as const]) {
      const { forwarder, socksPort } = await openForwarder(way);
      const url = `http://127.0.0.1:${site.port}/`;
      const plain = await ask(forwarder.port, `GET ${url} HTTP/1.1\r\nhost: x\r\n\r\n`);
      expect(plain, `${answer} ${way?.type}`).toMatch(/^HTTP\/1\.1 (?:200|502|999)/);
      await ask(
        socksPort,
        socksRequest('127.0.0.1', site.port),
        'GET / HTTP/1.1\r\nhost: x\r\n\r\n',
      );
    }
  }
});

test.for([
  'evil.example..',
  'metadata.google.internal..',
  'localhost..',
  `${'a.'.repeat(140)}example`,
])('%s is no name to be asked of a proxy', async (host) => {
  const proxy = await openSocksProxy();
  const rules = { deny: ['evil.example'] };
  const { forwarder } = await openForwarder({ type: 'socks5', port: proxy.port }, rules);
  const answer = await ask(forwarder.port, `CONNECT ${host}:80 HTTP/1.1\r\nhost: x\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 400/);
  expect(proxy.asked).toEqual([]);
});

const HIDDEN = 'GET http://forbidden.example/secret HTTP/1.1\r\nhost: forbidden.example\r\n\r\n';
const chunkOf = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;

test.for<[string, string]>([
  [
    'a chunked body where none is usual',
    `DELETE %s HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${chunkOf(HIDDEN)}`,
  ],
  [
    'two lengths',
    `POST %s HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\ntransfer-encoding: chunked\r\n\r\n${chunkOf(HIDDEN)}`,
  ],
  [
    'a length that is called hop by hop',
    `POST %s HTTP/1.1\r\nhost: x\r\nconnection: content-length\r\ncontent-length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  ],
])('no request hides behind %s', async ([, request]) => {
  const site = await openWaysSite();
  const proxy = await openHttpProxy();
  const rules = { deny: ['forbidden.example'] };
  const { forwarder } = await openForwarder({ type: 'http', port: proxy.port }, rules);
  const url = `http://127.0.0.1:${site.port}/`;
  expect(await ask(forwarder.port, request.replace('%s', url))).toMatch(/^HTTP\/1\.1 200/);
  expect(proxy.asked).toEqual([`127.0.0.1:${site.port}`]);
});

test('what a browser closes is closed, and what it gave up is not dialled on', async () => {
  const site = await openWaysSite();
  const http = await openHttpProxy();
  const { socksPort, forwarder } = await openForwarder({ type: 'http', port: http.port });
  for (let i = 0; i < 3; i++) {
    const client = await open(socksPort);
    client.write(socksRequest('127.0.0.1', site.port));
    await delay(30);
    client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(client, 'data');
    await delay(50);
    client.destroy();
  }
  await vi.waitFor(() => expect(http.open()).toBe(0));

  const silent = await openOddProxy((client) => void client.resume());
  forwarder.setRoute({
    proxy: { type: 'http', host: '127.0.0.1', port: silent.port },
    rules: {},
  });
  const clients: Socket[] = [];
  for (let i = 0; i < 5; i++) {
    const tunnel = await open(forwarder.port);
    tunnel.write('CONNECT a.example:443 HTTP/1.1\r\nhost: x\r\n\r\n');
    const plain = await open(socksPort);
    plain.write(socksRequest('a.example', 80));
    await delay(20);
    plain.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    clients.push(tunnel, plain);
  }
  await vi.waitFor(() => expect(silent.open()).toBe(10));
  for (const client of clients) client.end();
  await vi.waitFor(() => expect(silent.open()).toBe(0));
});

test('a refused connection that asks for nothing is closed, and one that asks is told why', async () => {
  const { socksPort, forwarder, events } = await openForwarder(undefined, { deny: ['*'] });
  const silent = await open(socksPort);
  silent.resume().write(socksRequest('a.example', 80));
  await delay(50);
  silent.end();
  await once(silent, 'close');
  const told = await ask(socksPort, socksRequest('a.example', 80), 'GET / HTTP/1.1\r\n\r\n');
  expect(told).toContain('HTTP/1.1 403');
  expect(told).toContain('egress rules deny it');
  const early = await ask(forwarder.port, 'CONNECT a.example:80 HTTP/1.1\r\n\r\nhello');
  expect(early).toContain('HTTP/1.1 403');
  expect(events.map(({ data }) => data)).toEqual([
    { host: 'a.example', port: 80, code: 'denied', count: 1 },
  ]);
});

test('only websockets to the entrance pass to the service itself', async () => {
  const seen: string[] = [];
  const service = await openOddProxy((client) => {
    client.on('data', (chunk) => seen.push(chunk.toString()));
  });
  const { forwarder, ownPorts } = await openForwarder();
  using _held = ownPorts.hold(service.port, '/v1/connect');
  const enter = (request: string) =>
    ask(forwarder.port, `CONNECT 127.0.0.1:${service.port} HTTP/1.1\r\n\r\n`, request);
  const upgrade = 'host: x\r\nconnection: upgrade\r\nupgrade: ';
  for (const request of [
    'GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n',
    `GET /v1/connect/t HTTP/1.1\r\n${upgrade}foo\r\n\r\n`,
    `GET /metrics HTTP/1.1\r\n${upgrade}websocket\r\n\r\n`,
    `POST /v1/connect/t HTTP/1.1\r\n${upgrade}websocket\r\n\r\n`,
  ]) {
    expect(await enter(request)).toContain('HTTP/1.1 403');
  }
  expect(seen).toEqual([]);
  await enter(`GET /v1/connect/t HTTP/1.1\r\n${upgrade}websocket\r\n\r\n`);
  expect(seen.join('')).toContain('GET /v1/connect/t HTTP/1.1');
});

test('a path that begins with two slashes stays a path', async () => {
  const site = await openWaysSite();
  const proxy = await openHttpProxy();
  const { socksPort } = await openForwarder({ type: 'http', port: proxy.port });
  const request = 'GET //js/app.js HTTP/1.1\r\nhost: x\r\n\r\n';
  await ask(socksPort, socksRequest('127.0.0.1', site.port), request);
  expect(site.seen).toEqual(['//js/app.js']);
});
