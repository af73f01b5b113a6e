import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, createServer as createGate, type AddressInfo, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { enterOwnService } from '../../../src/runtime-manager/egress/own-entrance.ts';

const HOST = '127.0.0.1';
const UPGRADE = 'host: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';

async function listen(server: Server): Promise<number> {
  server.listen(0, HOST);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Where a browser comes out when it asks for a port of the service. */
async function openGate(port: number): Promise<number> {
  const entrance = { host: HOST, port, path: '/v1/connect' };
  return listen(createGate({ allowHalfOpen: true }, (client) => enterOwnService(client, entrance)));
}

/** A server in front of the service that takes one request after another, and has no websockets. */
async function openFront() {
  const seen: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    seen.push(url);
    response.writeHead(401).end('who are you?');
  });
  return { seen, port: await listen(server) };
}

/** All that is answered until the gate hangs up. */
async function say(port: number, said: string): Promise<string> {
  const socket = connect(port, HOST);
  socket.write(said);
  return text(socket);
}

test('a websocket enters with its subprotocol, and messages and its end pass', async () => {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  const paths: string[] = [];
  sockets.on('connection', (socket, { url = '' }) => {
    paths.push(url);
    socket.send('welcome');
    socket.on('message', (data) => socket.send(data));
    socket.on('message', () => socket.close(1008, 'enough'));
  });
  const gate = await openGate(await listen(server));
  const socket = new WebSocket(`ws://${HOST}:${gate}/v1/connect/ticket?a=b`, ['first', 'second']);
  const heard: string[] = [];
  socket.on('message', (data: Buffer) => heard.push(data.toString()));
  socket.once('open', () => socket.send('x'.repeat(1_000_000)));
  const [code, reason] = await once(socket, 'close');
  expect([code, String(reason), socket.protocol]).toEqual([1008, 'enough', 'first']);
  expect(heard).toEqual(['welcome', 'x'.repeat(1_000_000)]);
  expect(paths).toEqual(['/v1/connect/ticket?a=b']);
});

test.for(['/v1/connect/../metrics', '/v1/connect/%2e%2e/metrics', '/v1/connected', '/v1/connect'])(
  '%s is no way in',
  async (path) => {
    const { seen, port } = await openFront();
    expect(await say(await openGate(port), `GET ${path} HTTP/1.1\r\n${UPGRADE}`)).toContain(
      ' 403 ',
    );
    expect(seen).toEqual([]);
  },
);

test('after a refusal nothing more reaches what stands in front of the service', async () => {
  const { seen, port } = await openFront();
  const more = 'GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n';
  const said = await say(
    await openGate(port),
    `GET /v1/connect/ticket HTTP/1.1\r\n${UPGRADE}${more}`,
  );
  expect(said).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
  expect(seen).toEqual(['/v1/connect/ticket']);
});
