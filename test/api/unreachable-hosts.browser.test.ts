import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium } from 'playwright-core';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { expect, inject, onTestFinished } from 'vitest';
import { attach } from '../support/selenium.ts';
import { test } from '../support/test.ts';

const DEAD = 'no-such-host.example.invalid';
const WORKER = `oninstall = () => skipWaiting();
onactivate = (e) => e.waitUntil(clients.claim());
onfetch = (e) => {
  if (new URL(e.request.url).origin !== origin) {
    e.respondWith(fetch(e.request).catch(() => new Response('fallback')));
  }
};`;

async function listen(server: Server, host: string): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** A port that nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, '127.0.0.1');
  server.close();
  await once(server, 'close');
  return port;
}

/** A page with a service worker, at a name or address of loopback. */
function openPages(host: string): Promise<number> {
  const site = createServer(({ url }, response) => {
    response.setHeader('content-type', url === '/sw.js' ? 'text/javascript' : 'text/html');
    response.end(url === '/sw.js' ? WORKER : '<title>here</title>');
  });
  return listen(site, host);
}

const load = (tag: string, url: string) =>
  `new Promise((r) => { const e = document.createElement('${tag}'); e.src = '${url}';
     e.onload = () => r('load'); e.onerror = () => r('error'); document.head.append(e); })`;
const request = (url: string) =>
  `fetch('${url}', { mode: 'no-cors' }).then(() => 'resolved', String)`;
const socket = (url: string) =>
  `new Promise((r) => { const s = new WebSocket('${url}');
     s.onopen = () => r('open'); s.onclose = ({ code }) => r(code); })`;
const fallback = (url: string) =>
  `navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)
     .then(() => navigator.serviceWorker.controller ||
       new Promise((r) => { navigator.serviceWorker.oncontrollerchange = r; }))
     .then(() => fetch('${url}', { mode: 'no-cors' })).then((a) => a.text())`;

/** Everything that a client and its page are told about unreachable hosts. */
async function tellAll(page: Page, port: number, closed: number): Promise<unknown> {
  const visits: Record<string, string> = {};
  const failed: string[] = [];
  const follow = (one: Page) =>
    one.on('requestfailed', (asked) => failed.push(`${asked.url()} ${asked.failure()?.errorText}`));
  follow(page);
  for (const scheme of ['http', 'https']) {
    for (const host of [DEAD, '127.0.0.1', 'localhost', 'a.localhost.', '[::1]']) {
      const url = `${scheme}://${host}:${closed}/`;
      visits[url] = await page.goto(url).then(
        () => 'loaded',
        (error: Error) => error.message,
      );
    }
  }
  // The first page may still be about to show the last error.
  const other = await page.browser().newPage();
  follow(other);
  await other.goto(`http://127.0.0.1:${port}/`);
  const told: unknown[] = [];
  for (const host of [DEAD, `127.0.0.1:${closed}`]) {
    told.push(await other.evaluate(request(`http://${host}/fetch`)));
    told.push(await other.evaluate(load('script', `http://${host}/a.js`)));
    told.push(await other.evaluate(load('img', `https://${host}/a.png`)));
    told.push(await other.evaluate(socket(`ws://${host}/`)));
  }
  told.push(await other.evaluate(fallback(`http://${DEAD}/`)));
  return { visits, failed, told };
}

async function firstPage(browser: Browser): Promise<Page> {
  const [page] = await browser.pages();
  if (!page) throw new Error('there is no page');
  return page;
}

test('unreachable hosts fail as in a bare Chromium', async ({ workspace }) => {
  const port = await openPages('127.0.0.1');
  const { connection } = await workspace.create();
  const ours = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  onTestFinished(() => ours.disconnect());
  const bare = await puppeteer.launch({
    executablePath: inject('chromiumPath'),
    args: ['--no-sandbox'],
  });
  onTestFinished(() => bare.close());
  const closed = await closedPort();
  const told = await tellAll(await firstPage(ours), port, closed);
  expect(told).toEqual(await tellAll(await firstPage(bare), port, closed));
  const dead = `http://${DEAD}:${closed}/`;
  const refusing = `https://127.0.0.1:${closed}/`;
  expect(told).toMatchObject({
    visits: {
      [dead]: `net::ERR_NAME_NOT_RESOLVED at ${dead}`,
      [refusing]: `net::ERR_CONNECTION_REFUSED at ${refusing}`,
    },
  });
});

test('Playwright and Selenium are told that a host is unreachable', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const closed = `127.0.0.1:${await closedPort()}`;
  const own = await chromium.connect(connection.playwrightUrl);
  onTestFinished(() => own.close());
  const context = await own.newContext();
  const page = await context.newPage();
  await expect(page.goto(`http://${DEAD}/`)).rejects.toThrow('net::ERR_NAME_NOT_RESOLVED');
  await expect(page.goto(`http://${closed}/`)).rejects.toThrow('net::ERR_CONNECTION_REFUSED');
  // A request that Playwright makes itself comes from no page, and fails as well.
  for (const url of [`http://${DEAD}/`, `https://${DEAD}/`, `http://${closed}/`]) {
    await expect(context.request.get(url), url).rejects.toThrow();
  }
  const driver = await attach(connection.webdriverUrl);
  onTestFinished(() => driver.quit().catch(() => undefined));
  await expect(driver.get(`http://${DEAD}/`)).rejects.toThrow('net::ERR_NAME_NOT_RESOLVED');
  await expect(driver.get(`https://${closed}/`)).rejects.toThrow('net::ERR_CONNECTION_REFUSED');
});

test('a server of this machine is found as localhost, whichever loopback it listens on', async ({
  workspace,
}) => {
  const { connection } = await workspace.create();
  const browser = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  onTestFinished(() => browser.disconnect());
  const page = await firstPage(browser);
  const ports = [await openPages('::1'), await openPages('127.0.0.1')];
  for (const port of ports) {
    for (const host of ['localhost', 'localhost.', 'app.localhost', 'a.b.localhost.']) {
      const answer = await page.goto(`http://${host}:${port}/`);
      expect(answer?.status(), host).toBe(200);
    }
  }
});
