import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findExecutable } from '../../src/runtime-manager/browser/install/find-executable.ts';
import { readProjectFile } from '../support/deploy-files.ts';
import { eventually } from '../support/eventually.ts';
import { openFolder } from '../support/folder.ts';

const searchPath = `${process.env['PATH'] ?? ''}:/usr/sbin`;
const haproxy = await findExecutable(['haproxy'], searchPath);
const config = await readProjectFile('deploy/haproxy.cfg');

interface Api {
  port: number;
  /** What it was asked, but for checks of its health. */
  asked: IncomingMessage[];
  /** Stops listening, and hangs up. */
  close: () => Promise<void>;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port }: AddressInfo = Object(server.address());
  return port;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  await closed;
}

/** Stands in for an API, whose state is that of `isReady`. */
async function openApi(isReady: () => boolean, answer: RequestListener): Promise<Api> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/healthz') return response.end();
    if (request.url === '/readyz') return response.writeHead(isReady() ? 200 : 503).end();
    asked.push(request);
    return answer(request, response);
  });
  const closeAll = async () => {
    const closed = close(server);
    server.closeAllConnections();
    await closed;
  };
  onTestFinished(closeAll);
  return { port: await listen(server), asked, close: closeAll };
}

/** Starts HAProxy with the configuration of the cluster, before servers of this machine. */
async function openBalancer(ports: number[]): Promise<string> {
  const entrance = createTcpServer();
  const port = await listen(entrance);
  await close(entrance);
  const servers = ports.map(
    (one, index) => `  server api${index} 127.0.0.1:${one} check inter 50ms fall 2 rise 1\n`,
  );
  const folder = await openFolder();
  const file = join(folder, 'haproxy.cfg');
  const here = config
    .replace('bind :8787', `bind 127.0.0.1:${port}`)
    .replaceAll(/^ {2}server-template .*\n/gm, servers.join(''));
  await writeFile(file, here);
  const child = spawn(haproxy ?? 'haproxy', ['-db', '-f', file], { stdio: 'ignore' });
  onTestFinished(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually(() => fetch(`${url}/healthz`));
  return url;
}

describe.skipIf(haproxy === undefined)('HAProxy before the APIs', () => {
  test('takes the configuration', async () => {
    const folder = await openFolder();
    const file = join(folder, 'haproxy.cfg');
    await writeFile(file, config);
    await expect(promisify(execFile)(haproxy ?? '', ['-c', '-f', file])).resolves.toBeDefined();
  });

  test('sends nobody to an API that is not ready, and says who the client is', async () => {
    const ready = await openApi(
      () => true,
      (_, response) => response.end('ready'),
    );
    const unready = await openApi(
      () => false,
      (_, response) => response.end('unready'),
    );
    const url = await openBalancer([unready.port, ready.port]);
    await eventually(async () => {
      expect(await (await fetch(url)).text()).toBe('ready');
    });
    const before = unready.asked.length;
    for (let round = 0; round < 10; round++) {
      const headers = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-host': 'forged.example' };
      expect(await (await fetch(url, { headers })).text()).toBe('ready');
    }
    expect(unready.asked).toHaveLength(before);
    expect(ready.asked.at(-1)?.headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': new URL(url).host,
      'x-forwarded-proto': 'http',
    });
  });

  test('asks all the same when no API is ready', async () => {
    const api = await openApi(
      () => false,
      (_, response) => response.end('does what it can'),
    );
    const url = await openBalancer([api.port]);
    await eventually(async () => {
      expect(await (await fetch(url)).text()).toBe('does what it can');
    });
  });

  test('sends what no API has seen to another one', async () => {
    const here = await openApi(
      () => true,
      (_, response) => response.end(),
    );
    // A check of health passes, and then nobody listens any more.
    const gone = await openApi(
      () => true,
      (_, response) => response.end(),
    );
    const url = await openBalancer([gone.port, here.port]);
    await eventually(async () => {
      await fetch(url);
      expect(gone.asked.length).toBeGreaterThan(0);
    });
    await gone.close();
    for (let round = 0; round < 10; round++) {
      expect((await fetch(url, { method: 'POST', body: 'a create' })).status).toBe(200);
    }
  });

  test('sends nothing twice that an API has seen', async () => {
    const hangsUp = await openApi(
      () => true,
      ({ socket }) => socket.destroy(),
    );
    const other = await openApi(
      () => true,
      (_, response) => response.end(),
    );
    const url = await openBalancer([hangsUp.port, other.port]);
    const before = hangsUp.asked.length + other.asked.length;
    const create = () => fetch(url, { method: 'POST', body: 'a create' });
    const outcomes: unknown[] = [];
    for (let round = 0; round < 10; round++) {
      // HAProxy answers 502, or hangs up if the client has asked before on the same connection.
      outcomes.push(
        await create().then(
          ({ status }) => status,
          () => 502,
        ),
      );
    }
    expect(outcomes).toContain(502);
    expect(hangsUp.asked.length + other.asked.length - before).toBe(outcomes.length);
  });

  test('hangs up on the API when the client does', async () => {
    const left = Promise.withResolvers<void>();
    const api = await openApi(
      () => true,
      (_, response) => void response.once('close', left.resolve),
    );
    const url = await openBalancer([api.port]);
    const hangUp = new AbortController();
    const answer = fetch(url, { method: 'POST', signal: hangUp.signal });
    await eventually(() => expect(api.asked.length).toBe(1));
    hangUp.abort();
    await expect(answer).rejects.toThrow();
    await left.promise;
  });
});
