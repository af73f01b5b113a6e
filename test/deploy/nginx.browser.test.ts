import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { describe, expect } from 'vitest';
import { findExecutable } from '../../src/runtime-manager/browser/install/find-executable.ts';
import { readProjectFile } from '../support/deploy-files.ts';
import { EventStream } from '../support/event-stream.ts';
import { eventually } from '../support/eventually.ts';
import { createNamespace, store } from '../support/file-requests.ts';
import { caller } from '../support/http.ts';
import { openSite } from '../support/site.ts';
import { createWorkspace, testWith } from '../support/test.ts';

const nginx = await findExecutable(['nginx'], `${process.env['PATH'] ?? ''}:/usr/sbin`);
const config = await readProjectFile('examples/compose-nginx/nginx.conf');

/** What nginx writes its bodies to, which only root may do elsewhere. */
const BODIES = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/** The example's configuration as nginx's image includes it, before a service of this machine. */
function configHere(folder: string, port: number, service: string): string {
  const here = config
    .replace('listen 80;', `listen 127.0.0.1:${port};`)
    .replace('api:8787', new URL(service).host);
  const paths = BODIES.map((name) => `${name}_temp_path ${folder}/${name};\n`).join('');
  return `pid ${folder}/pid;\nevents {}\nhttp {\naccess_log off;\n${paths}${here}}\n`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port }: AddressInfo = Object(server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts nginx before the service. Ends with the scope that it is used in. */
async function openNginx(service: string): Promise<AsyncDisposable & { url: string }> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await mkdtempDisposable(join(tmpdir(), 'nginx-')));
  const port = await freePort();
  const file = join(folder.path, 'nginx.conf');
  await writeFile(file, configHere(folder.path, port, service));
  const args = ['-e', 'stderr', '-c', file, '-g', 'daemon off;'];
  const child = spawn(nginx ?? '', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  stack.defer(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => expect((await fetch(`${url}/healthz`)).status).toBe(200));
  const held = stack.move();
  return { url, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/** A service, and how its clients reach it. */
const test = testWith({ trustedProxies: ['127.0.0.1'] }).extend(
  'throughNginx',
  { scope: 'file' },
  async ({ service }, { onCleanup }) => {
    const proxy = await openNginx(service.url);
    onCleanup(() => proxy[Symbol.asyncDispose]());
    return { url: proxy.url, apiKey: service.apiKey };
  },
);

function directivesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.endsWith(';') && !line.startsWith('#'));
}

test('the example has what the page on reverse proxies says of nginx', async () => {
  const page = await readProjectFile('docs/deploy/reverse-proxy.md');
  const [, block = ''] = /```nginx\n([\s\S]*?)```/.exec(page) ?? [];
  const ownOfAMachine = /^(?:server_name|proxy_pass) /;
  const shared = directivesOf(block).filter((line) => !ownOfAMachine.test(line));
  expect(shared.length).toBeGreaterThan(10);
  expect(directivesOf(config)).toEqual(expect.arrayContaining(shared));
});

describe.skipIf(nginx === undefined)('nginx before the service', () => {
  test('a program drives a runtime through nginx, by the address that it is given', async ({
    throughNginx: { url, apiKey },
  }) => {
    const workspace = await createWorkspace({ call: caller(url, apiKey) });
    const { connection } = await workspace.create();
    expect(connection.cdpUrl).toContain(url.replace('http', 'ws'));
    await using browser = await chromium.connectOverCDP(connection.cdpUrl);
    const page = await browser.newPage();
    await page.goto(await openSite('<title>Behind nginx</title>'));
    expect(await page.title()).toBe('Behind nginx');
  });

  test('an event arrives while its stream stays open', async ({ throughNginx, service }) => {
    const workspace = await createWorkspace(service);
    using stream = await EventStream.open(throughNginx, '/v1/events/stream');
    const { id } = await workspace.create();
    await stream.tells('runtime.created', id);
  });

  test('a file of more than a megabyte is taken', async ({ throughNginx, service }) => {
    const content = Buffer.alloc(3_000_000, 'x');
    const file = await store(throughNginx, await createNamespace(service), 'large.txt', content);
    expect(file).toMatchObject({ sizeBytes: content.length });
  });

  test('the service learns the address of a client from nginx, whatever the client says', async ({
    throughNginx: { url, apiKey },
    service,
  }) => {
    const answer = await fetch(`${url}/v1/workspaces`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        'x-forwarded-for': '203.0.113.9',
        'x-forwarded-host': 'forged.example',
      },
      body: JSON.stringify({ name: 'told-by-nginx' }),
    });
    expect(answer.status).toBe(200);
    const requestId = answer.headers.get('x-request-id');
    await eventually(async () => {
      const { json } = await service.call('GET', '/v1/audit?verb=workspaces-create');
      const made = expect.objectContaining({ requestId, clientAddress: '127.0.0.1' });
      expect(json.entries).toContainEqual(made);
    });
  });
});
