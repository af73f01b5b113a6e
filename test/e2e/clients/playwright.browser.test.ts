import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { chromium, type Browser } from 'playwright-core';
import { generate } from 'selfsigned';
import { expect, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { once } from 'node:events';
import { openSite } from '../../support/site.ts';
import { test } from '../../support/test.ts';

async function greet(browser: Browser, name: string): Promise<void> {
  onTestFinished(() => browser.close());
  const page = await browser.contexts()[0]?.newPage();
  await page?.goto(await openSite());
  await page?.fill('#name', name);
  await page?.click('#greet');
  expect(await page?.textContent('#said')).toBe(`Hello ${name}`);
}

test('Playwright drives a page over CDP', async ({ workspace }) => {
  const { connection } = await workspace.create();
  await greet(await chromium.connectOverCDP(connection.cdpUrl), 'CDP');
});

test('Playwright connects by the http form of the address', async ({ workspace }) => {
  const { connection } = await workspace.create();
  await greet(await chromium.connectOverCDP(connection.cdpUrl.replace('ws:', 'http:')), 'HTTP');
});

test("Playwright drives by its own protocol, and sees the runtime's page", async ({
  workspace,
}) => {
  const { connection } = await workspace.create();
  const browser = await chromium.connect(connection.playwrightUrl);
  expect(
    browser
      .contexts()[0]
      ?.pages()
      .map((page) => page.url()),
  ).toEqual(['about:blank']);
  await greet(browser, 'Playwright');
});

test('a client of Playwright that disconnects leaves the browser as it is', async ({
  service,
  workspace,
}) => {
  const { id, connection } = await workspace.create();
  const first = await chromium.connect(connection.playwrightUrl);
  await first
    .contexts()[0]
    ?.pages()[0]
    ?.goto(await openSite());
  await first.close();
  const second = await chromium.connect(connection.playwrightUrl);
  onTestFinished(() => second.close());
  expect(await second.contexts()[0]?.pages()[0]?.title()).toBe('site');
  const { json } = await service.call('GET', `${workspace.runtimes}/${id}`);
  expect(json.summary).toMatchObject({ browserRunning: true, currentDriver: 'playwright' });
});

test('another version of Playwright gets an error that names both versions', async ({
  workspace,
}) => {
  const { connection } = await workspace.create();
  const socket = new WebSocket(connection.playwrightUrl, {
    headers: { 'user-agent': 'Playwright/1.40.1 (x64; debian 12) node/20.1' },
  });
  socket.on('error', () => undefined);
  const [, response] = await once(socket, 'unexpected-response');
  expect(response.statusCode).toBe(428);
  const { error, code } = JSON.parse(Buffer.concat(await response.toArray()).toString());
  expect(code).toBe('connection.version_mismatch');
  const manifest = await readFile('node_modules/playwright-core/package.json', 'utf8');
  expect(error).toContain('1.40.1');
  expect(error).toContain(JSON.parse(manifest).version);
});

test('a client of Playwright uploads its own files, and gets downloads', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const browser = await chromium.connect(connection.playwrightUrl);
  onTestFinished(() => browser.close());
  const context = await browser.newContext({ acceptDownloads: true });
  const page = await context.newPage();
  await page.goto(
    await openSite(
      '<input type=file id=file><a id=save download=hello.txt href="data:text/plain,saved">save</a>',
    ),
  );
  await page.setInputFiles('#file', 'LICENSE');
  const read = 'document.getElementById("file").files[0].text()';
  expect(await page.evaluate(read)).toBe(await readFile('LICENSE', 'utf8'));
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
  const stream = await download.createReadStream();
  expect(Buffer.concat(await stream.toArray()).toString()).toBe('saved');
});

test('a client of Playwright does not reach files of the machine', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const browser = await chromium.connect(connection.playwrightUrl);
  onTestFinished(() => browser.close());
  const page = await (await browser.newContext()).newPage();
  await page.goto(await openSite('<input type=file id=file>'));
  // Goes past the public API, as a client that speaks the protocol itself would.
  const { _connection: raw } = browser as unknown as { _connection: RawConnection };
  const objects = [...raw._objects.values()];
  expect(objects.map(({ _type }) => _type)).not.toContain('LocalUtils');

  const { _channel: frame } = page.mainFrame() as unknown as { _channel: RawChannel };
  const chosen = { selector: '#file', timeout: 5000 };
  await expect(
    frame['setInputFiles']?.({ ...chosen, localPaths: [resolve('LICENSE')] }),
  ).rejects.toThrow('localPaths are not allowed');
  const path = join(tmpdir(), randomUUID());
  const context = page.context() as unknown as { tracing: { _channel: RawChannel } };
  const har = { content: 'embed', harPath: join(path, 'x.har'), resourcesDir: path };
  const started = await context.tracing._channel['harStart']?.({ options: har });
  await context.tracing._channel['harExport']?.({ ...(started as object), mode: 'archive' });
  await expect(readFile(har.harPath)).rejects.toThrow('ENOENT');
});

test('a client of Playwright cannot give a page the protocol', async ({ workspace }) => {
  const { connection, summary } = await workspace.create();
  const browser = await chromium.connect(connection.playwrightUrl);
  onTestFinished(() => browser.close());
  const session = await browser.newBrowserCDPSession();
  const targetId: string = summary.defaultPageId;
  await expect(
    // Playwright's types leave out experimental commands.
    session.send('Target.exposeDevToolsProtocol' as 'Target.activateTarget', { targetId }),
  ).rejects.toThrow('is not allowed');
});

test('a client of Playwright shows its certificate to the site that it is for', async ({
  service,
  workspace,
}) => {
  const { connection } = await workspace.create();
  const browser = await chromium.connect(connection.playwrightUrl);
  onTestFinished(() => browser.close());
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'alice' }]);
  const site = createServer({ key, cert, ca: cert, requestCert: true, rejectUnauthorized: false });
  site.on('request', ({ socket }: { socket: TLSSocket }, response: ServerResponse) => {
    response.end(`Hello ${String(socket.getPeerCertificate().subject?.CN ?? 'nobody')}`);
  });
  await once(site.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    site.close();
    site.closeAllConnections();
  });
  const address = site.address();
  const origin = `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const certificate = { origin, cert: Buffer.from(cert), key: Buffer.from(key) };

  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    clientCertificates: [certificate],
  });
  const page = await context.newPage();
  await page.goto(origin);
  expect(await page.textContent('body')).toBe('Hello alice');
  expect(await (await context.request.get(origin)).text()).toBe('Hello alice');
  await page.goto(await openSite());
  expect(await page.title()).toBe('site');
  // A context with certificates reaches no more addresses than other contexts.
  const own = await page.goto(`${service.url}/healthz`).catch(() => undefined);
  expect(own?.ok()).not.toBe(true);

  const other = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  await other.goto(origin);
  expect(await other.textContent('body')).toBe('Hello nobody');
});

test('a context of Playwright with its own proxy is refused in one sentence', async ({
  workspace,
}) => {
  const { connection } = await workspace.create();
  const browser = await chromium.connect(connection.playwrightUrl);
  onTestFinished(() => browser.close());
  await expect(browser.newContext({ proxy: { server: 'http://192.0.2.1:8080' } })).rejects.toThrow(
    "A context has no proxy of its own here: the runtime's is for all of them.",
  );
});

interface RawConnection {
  _objects: Map<string, { _type: string }>;
}
type RawChannel = Record<string, (params: object) => Promise<unknown>>;
