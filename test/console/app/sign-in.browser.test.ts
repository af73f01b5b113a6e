import { setTimeout as delay } from 'node:timers/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { caller } from '../../support/http.ts';
import { addKey } from '../../support/keys.ts';
import { test } from '../../support/api-test.ts';
import type { TestService } from '../../support/service.ts';
import { openViewingBrowser } from '../../support/viewing-browser.ts';

/** Leads to this machine, and a browser does not know that it does. */
const HOST = 'bctrl.test';
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const HOURS_12_MS = 12 * 3_600_000;

let browser: Browser;
beforeAll(async () => {
  browser = await openViewingBrowser([`--host-resolver-rules=MAP ${HOST} 127.0.0.1`]);
});
afterAll(() => browser.close());

/** A window of a person who has not been here before. */
async function newPage(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
  const context = await browser.newContext(options);
  onTestFinished(() => context.close());
  return context.newPage();
}

async function enter(page: Page, key: string): Promise<void> {
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

const isIn = (page: Page) => page.getByRole('button', { name: 'Sign out' }).waitFor();
const isOut = (page: Page) => page.getByRole('button', { name: 'Sign in' }).waitFor();
const says = (page: Page, text: string | RegExp) =>
  page.getByRole('alert').filter({ hasText: text }).waitFor();

/** Asks from within the page, as its own code does. */
const statusOf = (page: Page, path: string) =>
  page.evaluate(`fetch(${JSON.stringify(path)}).then(({ status }) => status)`);

test('a person signs in with a key, which stays out of the page, and out again', async ({
  service,
}) => {
  const page = await newPage();
  const hosts = new Set<string>();
  const problems: string[] = [];
  page.on('request', (request) => hosts.add(new URL(request.url()).host));
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (line) => {
    if (!line.text().includes('status of 401')) problems.push(line.text());
  });
  await page.goto(service.url);
  expect(new URL(page.url()).pathname).toBe('/console');
  await isOut(page);
  expect(await page.evaluate('document.activeElement.id')).toBe('key');

  await page.keyboard.press('Enter');
  await says(page, 'Enter an API key');
  await enter(page, 'bctrl_wrong');
  await says(page, 'This API key is not valid');
  await enter(page, ` ${service.apiKey} `);
  await isIn(page);
  await page.reload();
  await isIn(page);
  const kept = 'document.cookie + JSON.stringify([localStorage, sessionStorage, history.state])';
  expect(await page.evaluate(kept)).toBe('[{},{},null]');
  expect(await page.content()).not.toContain(service.apiKey);
  const [cookie] = await page.context().cookies();
  expect(cookie).toMatchObject({ name: 'bctrl_session', httpOnly: true, sameSite: 'Strict' });

  expect(await statusOf(page, '/v1/workspaces')).toBe(200);
  const streamed = `new Promise((done) => {
    const stream = new EventSource('/v1/events/stream');
    stream.onopen = () => (stream.close(), done('open'));
    stream.onerror = () => done('refused');
  })`;
  expect(await page.evaluate(streamed)).toBe('open');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await isOut(page);
  expect(await page.context().cookies()).toEqual([]);
  expect(await statusOf(page, '/v1/workspaces')).toBe(401);
  expect([...hosts]).toEqual([new URL(service.url).host]);
  expect(problems).toEqual([]);
});

test('the printed link signs in with one click, once, and leaves no trace in the address', async ({
  service,
}) => {
  const page = await newPage();
  const link = `${service.url}/console#link=${service.signInToken}`;
  await page.goto(link);
  await isIn(page);
  expect(page.url()).toBe(`${service.url}/console`);
  const other = await newPage();
  await other.goto(link);
  await says(other, 'used before');
  expect(other.url()).toBe(`${service.url}/console`);
});

test('a session that is over, or whose key was revoked, leads back to the sign-in', async ({
  service,
}) => {
  const page = await newPage();
  await page.clock.install();
  await page.goto(`${service.url}/console/some/view`);
  const key = await addKey(service.database);
  await enter(page, key);
  await isIn(page);
  await page.clock.fastForward(HOURS_12_MS);
  await says(page, 'The session is over');

  // By the clock of half a day later, the next session would be over at once.
  await page.clock.setSystemTime(Date.now());
  await enter(page, key);
  await isIn(page);
  const keyId: string =
    await page.evaluate(`fetch('/console/session').then((answer) => answer.json())
    .then(({ keyId }) => keyId)`);
  await caller(service.url, service.apiKey)('DELETE', `/v1/api-keys/${keyId}`);
  expect(await statusOf(page, '/v1/workspaces')).toBe(401);
  await page.reload();
  await isOut(page);
  expect(new URL(page.url()).pathname).toBe('/console/some/view');
});

test('it works over HTTP from another machine, where browsers say less', async ({ service }) => {
  const page = await newPage();
  const { port } = new URL(service.url);
  await page.goto(`http://${HOST}:${port}/console`);
  await enter(page, service.apiKey);
  await isIn(page);
  const asked = page.waitForRequest('**/v1/workspaces');
  expect(await statusOf(page, '/v1/workspaces')).toBe(200);
  expect(await (await asked).allHeaders()).not.toHaveProperty('sec-fetch-site');
});

test('a page at another port of the same host cannot use the session', async ({ service }) => {
  const page = await newPage();
  await page.goto(`${service.url}/console`);
  await enter(page, service.apiKey);
  await isIn(page);
  const hostile = await openHostile(service);
  await page.goto('about:blank');
  await isQuiet(service);
  const before = service.logged.length;
  await page.goto(hostile);
  await page.getByText('done').waitFor();
  const asked = service.logged
    .slice(before)
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === 'request')
    .map(({ method, path, status }) => `${method} ${path} ${status}`);
  expect(asked.toSorted()).toEqual([
    'GET /console 200',
    'GET /v1/runtimes 401',
    'GET /v1/workspaces 401',
    'OPTIONS /console/session 403',
    'POST /console/session 403',
    'POST /v1/storage 401',
  ]);
  expect(await page.frameLocator('iframe').locator('#app').count()).toBe(0);
  await page.goto(`${service.url}/console`);
  await isIn(page);
});

/** What the console had begun to ask has been answered. */
async function isQuiet({ logged }: TestService): Promise<void> {
  for (let before = -1; before !== logged.length;) {
    before = logged.length;
    await delay(1000);
  }
}

/** What a page of somebody else's tries, with the cookie that the browser sends along. */
async function openHostile({ url }: TestService): Promise<string> {
  const script = `
    const service = '${url}';
    const send = (path, options) =>
      fetch(service + path, { credentials: 'include', mode: 'no-cors', ...options }).catch(() => 0);
    const loaded = (tag, path) => new Promise((done) => {
      const element = document.createElement(tag);
      element.onload = element.onerror = done;
      element.src = service + path;
      document.body.append(element);
    });
    Promise.all([
      send('/v1/workspaces'),
      send('/v1/storage', { method: 'POST', body: '{"name":"x"}' }),
      send('/console/session', { method: 'POST', body: '{"key":"theirs"}' }),
      send('/console/session', { method: 'DELETE', mode: 'cors' }),
      loaded('img', '/v1/runtimes'),
      loaded('iframe', '/console'),
    ]).then(() => document.body.append('done'));`;
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<body><script>${script}</script></body>`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return `http://127.0.0.1:${port}/`;
}

test('the sign-in is for everybody: no violation, in light, dark and on a phone', async ({
  service,
}) => {
  const source = await readFile(AXE, 'utf8');
  for (const options of [
    { colorScheme: 'light' },
    { colorScheme: 'dark' },
    { viewport: { width: 360, height: 640 }, hasTouch: true },
  ] as const) {
    // What is injected is not the page's own.
    const page = await newPage({ ...options, bypassCSP: true });
    await page.goto(`${service.url}/console`);
    await enter(page, 'bctrl_wrong');
    await says(page, 'This API key is not valid');
    await page.evaluate(source);
    const found = await page.evaluate(
      `axe.run().then(({ violations }) => violations.map(({ id }) => id))`,
    );
    expect(found, JSON.stringify(options)).toEqual([]);
    const isWider = 'document.documentElement.scrollWidth > innerWidth';
    expect(await page.evaluate(isWider)).toBe(false);
  }
});
