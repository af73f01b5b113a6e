import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect } from 'vitest';
import { test } from '../support/api-test.ts';
import type { TestService } from '../support/service.ts';

const MIB = 1024 ** 2;

interface Sent {
  method: string;
  path: string;
  key?: string;
  body?: Buffer;
}

/** With the agent of Node.js, which keeps connections; the whole body is written whatever comes. */
async function ask(service: TestService, agent: Agent, { method, path, key, body }: Sent) {
  const headers = { authorization: `Bearer ${key ?? service.apiKey}` };
  const asked = request(service.url + path, { method, agent, headers }).end(body);
  const [response] = await once(asked, 'response');
  const { localPort } = response.socket;
  response.resume();
  await once(response, 'end');
  return { status: response.statusCode, localPort };
}

/** Everything that a socket receives until it is closed, if it sends everything before it reads. */
async function exchange(service: TestService, head: string[], body: Iterable<Buffer>) {
  const { hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname);
  const key = `authorization: Bearer ${service.apiKey}`;
  socket.write(`${[...head, 'host: bctrl', key].join('\r\n')}\r\n\r\n`);
  for (const part of body) if (!socket.write(part)) await once(socket, 'drain');
  return readAll(socket);
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  for await (const part of socket) text += String(part);
  return text;
}

function* times(count: number, part: Buffer): Iterable<Buffer> {
  for (let i = 0; i < count; i++) yield part;
}

test('after a large POST to an unknown route the connection serves the next request', async ({
  service,
}) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const body = Buffer.alloc(900 * 1024, 'x');
  const ports = new Set<number>();
  for (let i = 0; i < 50; i++) {
    const path = ['/v1/nothing', '/nothing', '/v1/workspaces'][i % 3] ?? '';
    const key = i % 2 === 0 ? service.apiKey : 'nobody';
    const refused = await ask(service, agent, { method: 'POST', path, key, body });
    expect([401, 404, 415]).toContain(refused.status);
    const next = await ask(service, agent, { method: 'GET', path: '/healthz' });
    expect(next.status).toBe(200);
    ports.add(refused.localPort).add(next.localPort);
  }
  expect(ports.size).toBe(1);
  agent.destroy();
});

test('fetch gets every refusal of a large body, and the answer to its next request', async ({
  service,
}) => {
  for (let i = 0; i < 5; i++) {
    for (const [bytes, status] of [
      [900 * 1024, 404],
      [20 * MIB, 413],
    ] as const) {
      const answer = await service.call('POST', '/v1/nothing', 'x'.repeat(bytes));
      expect(answer, answer.text).toMatchObject({ status });
      expect(await service.call('GET', '/healthz')).toMatchObject({ status: 200 });
    }
  }
});

test('a client that sends 40 MB before it reads receives the 413', async ({ service }) => {
  const megabyte = Buffer.alloc(MIB, 'x');
  const json = 'content-type: application/json';
  const measured = await exchange(
    service,
    ['POST /v1/workspaces HTTP/1.1', json, `content-length: ${40 * MIB}`],
    times(40, megabyte),
  );
  expect(measured).toMatch(/^HTTP\/1\.1 413 [^]*connection: close[^]*"request\.too_large"/i);

  const chunk = Buffer.concat([Buffer.from('100000\r\n'), megabyte, Buffer.from('\r\n')]);
  const chunked = await exchange(
    service,
    ['POST /v1/workspaces HTTP/1.1', json, 'transfer-encoding: chunked'],
    [...times(40, chunk), Buffer.from('0\r\n\r\n')],
  );
  expect(chunked).toMatch(/^HTTP\/1\.1 413 [^]*connection: close[^]*"request\.too_large"/i);
});

test('a client that waits for 100 Continue is told at once that its body is too large', async ({
  service,
}) => {
  const { hostname, port } = new URL(service.url);
  const announce = (path: string, length: number) => {
    const socket = connect(Number(port), hostname);
    const head = [
      `POST ${path} HTTP/1.1`,
      'host: bctrl',
      `authorization: Bearer ${service.apiKey}`,
      'content-type: application/json',
      `content-length: ${length}`,
      'expect: 100-continue',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    return socket;
  };
  for (const [path, length, status] of [
    ['/v1/workspaces', 5 * MIB, 413],
    ['/v1/nothing/at/all', 5 * MIB, 413],
    ['/nothing', 5, 404],
  ] as const) {
    const socket = announce(path, length);
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*connection: close`, 'i'));
    socket.destroy();
  }

  const body = '{"name":"expected"}';
  const socket = announce('/v1/workspaces', body.length);
  const [goOn] = await once(socket, 'data');
  expect(String(goOn)).toBe('HTTP/1.1 100 Continue\r\n\r\n');
  socket.write(body);
  const [created] = await once(socket, 'data');
  expect(String(created)).toMatch(/^HTTP\/1\.1 200 [^]*"expected"/);
  socket.destroy();
});

test('an answer does not wait for a body that never comes', async ({ service }) => {
  const { hostname, port } = new URL(service.url);
  for (const length of [1000, 5 * MIB]) {
    const socket = connect(Number(port), hostname);
    socket.write(`POST /nothing HTTP/1.1\r\nhost: bctrl\r\ncontent-length: ${length}\r\n\r\n`);
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 404 [^]*"route\.not_found"/);
    socket.destroy();
  }
});
