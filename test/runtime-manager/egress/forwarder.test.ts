import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { EgressPolicy } from '../../../src/runtime-manager/egress/egress-policy.ts';
import { Forwarder } from '../../../src/runtime-manager/egress/forwarder.ts';
import { ReservedPorts } from '../../../src/runtime-manager/egress/reserved-ports.ts';
import type { EgressRules, NewEvent, Proxy } from '../../../src/runtime-manager/runtime/index.ts';
import { eventually } from '../../support/eventually.ts';
import { openHttpProxy, openOddProxy, openSocksProxy } from '../../support/proxies.ts';
import { openWaysSite } from '../../support/ways-site.ts';

interface TestForwarder {
  forwarder: Forwarder;
  reservedPorts: ReservedPorts;
  events: NewEvent[];
  httpPort: number;
  socksPort: number;
}

async function openForwarder(
  proxy?: Omit<Proxy, 'host'>,
  rules: EgressRules = {},
): Promise<TestForwarder> {
  const reservedPorts = new ReservedPorts();
  const policy = new EgressPolicy({ allow: ['*'], reservedPorts });
  const forwarder = new Forwarder({ policy, reservedPorts, proxyTimeoutMs: 30_000 });
  onTestFinished(() => forwarder[Symbol.dispose]());
  const events: NewEvent[] = [];
  forwarder.onFailure = (event) => void events.push(event);
  forwarder.setRoute({ proxy: proxy && { host: '127.0.0.1', ...proxy }, rules });
  const httpPort = await listen(forwarder.acceptHttp);
  const socksPort = await listen(forwarder.acceptSocks);
  return { forwarder, reservedPorts, events, httpPort, socksPort };
}

/** Listens as the jail of a browser does. */
async function listen(accept: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, accept);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Reads the socket until `isEnough` holds or the socket ends, and returns what came. */
async function hear(socket: Socket, isEnough: (heard: string) => boolean): Promise<string> {
  let heard = '';
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      heard += chunk.toString('latin1');
      if (isEnough(heard)) break;
    }
  } catch {
    // The connection was reset: nothing more comes.
  }
  return heard;
}

/** Sends each part once the previous one is answered, and returns all the answers. */
async function ask(port: number, ...said: (string | Buffer)[]): Promise<string> {
  const socket = await open(port);
  let heard = '';
  for (const part of said) {
    socket.write(part);
    heard += await hear(socket, typeof part === 'string' ? isWholeAnswer : isSocksReply);
  }
  return heard;
}

/** The replies to the greeting and to the request have 12 bytes together (RFC 1928). */
function isSocksReply(heard: string): boolean {
  return heard.length >= 12;
}

/** An answer may have no body; one that names no length ends with its connection. */
function isWholeAnswer(heard: string): boolean {
  const [head = '', ...rest] = heard.split('\r\n\r\n');
  if (rest.length === 0) return false;
  const length = /^content-length: (\d+)$/im.exec(head)?.[1];
  if (length !== undefined) return rest.join('\r\n\r\n').length >= Number(length);
  if (/^transfer-encoding: chunked$/im.test(head)) return heard.endsWith('0\r\n\r\n');
  return /^HTTP\/1\.1 (?:101|200 Connection Established)/.test(head);
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

test('the service survives the odd answers of a site', async () => {
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
      const { httpPort, socksPort } = await openForwarder(way);
      const url = `http://127.0.0.1:${site.port}/`;
      const plain = await ask(httpPort, `GET ${url} HTTP/1.1\r\nhost: x\r\n\r\n`);
      expect(plain, `${answer} ${way?.type}`).toMatch(/^(?:$|HTTP\/1\.1 (?:200|999))/);
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
  const { httpPort } = await openForwarder({ type: 'socks5', port: proxy.port }, rules);
  const answer = await ask(httpPort, `CONNECT ${host}:80 HTTP/1.1\r\nhost: x\r\n\r\n`);
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
  const { httpPort } = await openForwarder({ type: 'http', port: proxy.port }, rules);
  const url = `http://127.0.0.1:${site.port}/`;
  // A request that hides behind the first would be carried out before the second.
  const second = `GET ${url}second HTTP/1.1\r\nhost: x\r\n\r\n`;
  const answers = await ask(httpPort, request.replace('%s', url), second);
  expect(answers).toMatch(/^HTTP\/1\.1 200/);
  expect(new Set(proxy.asked)).toEqual(new Set([`127.0.0.1:${site.port}`]));
  expect(site.seen.filter((path) => !['/', '/second'].includes(path))).toEqual([]);
});

test('a connection that the browser closes is closed upstream, even while it is being dialled', async () => {
  const site = await openWaysSite();
  const http = await openHttpProxy();
  const { httpPort, socksPort, forwarder } = await openForwarder({ type: 'http', port: http.port });
  for (let i = 0; i < 3; i++) {
    const client = await open(socksPort);
    client.write(socksRequest('127.0.0.1', site.port));
    await hear(client, isSocksReply);
    client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await hear(client, isWholeAnswer);
    client.destroy();
  }
  await eventually(() => expect(http.open()).toBe(0));

  const silent = await openOddProxy((client) => void client.resume());
  forwarder.setRoute({
    proxy: { type: 'http', host: '127.0.0.1', port: silent.port },
    rules: {},
  });
  const clients: Socket[] = [];
  for (let i = 0; i < 5; i++) {
    const tunnel = await open(httpPort);
    tunnel.write('CONNECT a.example:443 HTTP/1.1\r\nhost: x\r\n\r\n');
    const plain = await open(socksPort);
    plain.write(socksRequest('a.example', 80));
    await hear(plain, isSocksReply);
    plain.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    clients.push(tunnel, plain);
  }
  await eventually(() => expect(silent.open()).toBe(10));
  for (const client of clients) client.end();
  await eventually(() => expect(silent.open()).toBe(0));
});

test('a refused connection that sends no request is closed, and one that does gets the reason', async () => {
  const { httpPort, socksPort, events } = await openForwarder(undefined, {
    deny: ['*'],
  });
  const silent = await open(socksPort);
  silent.write(socksRequest('a.example', 80));
  await hear(silent, isSocksReply);
  silent.resume().end();
  await once(silent, 'close');
  const told = await ask(socksPort, socksRequest('a.example', 80), 'GET / HTTP/1.1\r\n\r\n');
  expect(told).toContain('HTTP/1.1 403');
  expect(told).toContain('egress rules deny it');
  const early = await ask(httpPort, 'CONNECT a.example:80 HTTP/1.1\r\n\r\nhello');
  expect(early).toContain('HTTP/1.1 403');
  expect(events.map(({ data }) => data)).toEqual([
    { host: 'a.example', port: 80, code: 'denied', count: 1 },
  ]);
});

test('a slow destination is waited for longer than a browser waits for a proxy', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const bothAsked = Promise.withResolvers<void>();
  let asked = 0;
  const stalls = await openOddProxy((client) => {
    client.once('data', () => {
      client.write(Buffer.from([5, 0]));
      client.once('data', () => ++asked === 2 && bothAsked.resolve());
    });
  });
  const { httpPort, socksPort } = await openForwarder({ type: 'socks5', port: stalls.port });
  const tunnel = await open(httpPort);
  tunnel.write('CONNECT slow.example:443 HTTP/1.1\r\n\r\n');
  const plain = await open(socksPort);
  plain.write(socksRequest('slow.example', 80));
  const said = { tunnel: '', plain: '' };
  tunnel.on('data', (chunk) => (said.tunnel += chunk.toString('latin1')));
  plain.on('data', (chunk) => (said.plain += chunk.toString('latin1')));
  await bothAsked.promise;
  expect(said.tunnel).toBe('');
  await vi.advanceTimersByTimeAsync(20_000);
  vi.useRealTimers();
  await expect.poll(() => said.tunnel).toContain('HTTP/1.1 200');
  await expect.poll(() => said.plain).toContain('\x05\0\0\x01');
});

test('a dial breaks when its route is closed, and does not look like an unknown name', async () => {
  const silent = await openOddProxy((client) => void client.resume());
  const { httpPort, socksPort, forwarder } = await openForwarder({
    type: 'socks5',
    port: silent.port,
  });
  const tunnel = await open(httpPort);
  tunnel.write('CONNECT a.example:443 HTTP/1.1\r\n\r\n');
  const plain = await open(socksPort);
  plain.write(socksRequest('a.example', 80));
  await vi.waitFor(() => expect(silent.open()).toBe(2));
  const said = { tunnel: '', plain: '' };
  tunnel.on('data', (chunk) => (said.tunnel += chunk.toString('latin1')));
  plain.on('data', (chunk) => (said.plain += chunk.toString('latin1')));
  forwarder.closeRoute();
  await expect.poll(() => said.tunnel).toContain('HTTP/1.1 200');
  await expect.poll(() => said.plain).toContain('\x05\0\0\x01');
});

test('of the service itself only websockets to its entrance can be reached', async () => {
  const seen: string[] = [];
  const service = await openOddProxy((client) => {
    client.on('data', (chunk) => seen.push(chunk.toString()));
  });
  const { httpPort, reservedPorts } = await openForwarder();
  using _held = reservedPorts.hold(service.port, '/v1/connect');
  const enter = (request: string) =>
    ask(httpPort, `CONNECT 127.0.0.1:${service.port} HTTP/1.1\r\n\r\n`, request);
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
  // Nobody answers there.
  void enter(`GET /v1/connect/t HTTP/1.1\r\n${upgrade}websocket\r\n\r\n`);
  await eventually(() => expect(seen.join('')).toContain('GET /v1/connect/t HTTP/1.1'));
});

test('a path that begins with two slashes stays a path', async () => {
  const site = await openWaysSite();
  const proxy = await openHttpProxy();
  const { socksPort } = await openForwarder({ type: 'http', port: proxy.port });
  const request = 'GET //js/app.js HTTP/1.1\r\nhost: x\r\n\r\n';
  await ask(socksPort, socksRequest('127.0.0.1', site.port), request);
  expect(site.seen).toEqual(['//js/app.js']);
});
