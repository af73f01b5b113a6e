import { writeFile } from 'node:fs/promises';
import { Hono } from 'hono';
import { pino } from 'pino';
import { expect } from 'vitest';
import { PageBundle } from '../../src/api/console/bundle.ts';
import type { ApiEnv } from '../../src/api/http/api-env.ts';
import { toErrorAnswer } from '../../src/api/http/errors.ts';
import { livePageRoutes } from '../../src/api/routes/live-page.ts';
import { test, testWith } from '../support/api-test.ts';
import { openFolder } from '../support/folder.ts';
import { caller } from '../support/http.ts';

const MAX_GZIPPED_BYTES = 30_000;

/** The page of a service, and the addresses of its assets. */
async function loadPage(url: string) {
  const address = `${url}/embed/live/some-runtime`;
  const page = await fetch(address);
  const html = await page.text();
  const assets = [...html.matchAll(/(?:href|src)="(\.[^"]+)"/g)].map(
    ([, path]) => new URL(path ?? '', address).href,
  );
  return { page, html, assets };
}

test('the page needs no key, may be framed anywhere, and lets in nothing of other hosts', async ({
  service,
}) => {
  const { page, html } = await loadPage(service.url);
  expect(page.status).toBe(200);
  expect(Object.fromEntries(page.headers)).toMatchObject({
    'content-type': 'text/html; charset=UTF-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'permissions-policy': expect.stringContaining('camera=()'),
    'content-security-policy': [
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;",
      "connect-src 'self'; font-src 'none'; base-uri 'none'; form-action 'none';",
      'frame-ancestors *',
    ].join(' '),
  });
  expect(page.headers.has('x-frame-options')).toBe(false);
  expect(page.headers.has('set-cookie')).toBe(false);
  expect(html).not.toMatch(/(?:href|src)="(?:\/|\w+:\/\/)/);
});

test('its assets are named by their content, kept for ever, and small', async ({ service }) => {
  const { assets } = await loadPage(service.url);
  expect(assets).toEqual([
    expect.stringMatching(/\/embed\/assets\/live\.[\da-f]{16}\.css$/),
    expect.stringMatching(/\/embed\/assets\/live\.[\da-f]{16}\.js$/),
  ]);
  let gzippedBytes = 0;
  for (const [i, type] of ['text/css', 'text/javascript'].entries()) {
    const plain = await fetch(assets[i] ?? '', { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-type')).toBe(`${type}; charset=utf-8`);
    expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(plain.headers.get('x-content-type-options')).toBe('nosniff');
    const gzipped = await fetch(assets[i] ?? '', { headers: { 'accept-encoding': 'gzip' } });
    expect(gzipped.headers.get('content-encoding')).toBe('gzip');
    expect(await gzipped.text()).toBe(await plain.text());
    gzippedBytes += Number(gzipped.headers.get('content-length'));
  }
  expect(gzippedBytes).toBeGreaterThan(0);
  expect(gzippedBytes).toBeLessThan(MAX_GZIPPED_BYTES);
});

test('an asset of another version is not found, and the answer says what to do', async ({
  service,
}) => {
  const anonymous = caller(service.url, undefined);
  expect(await anonymous('GET', '/embed/assets/live.0123456789abcdef.js')).toMatchObject({
    status: 404,
    json: { code: 'route.not_found', hint: expect.stringContaining('load it again') },
  });
});

test('the page is no operation of the API', async ({ service }) => {
  const { paths } = (await service.call('GET', '/openapi.json')).json;
  expect(Object.keys(paths).filter((path) => path.startsWith('/embed'))).toEqual([]);
});

testWith({ frameAncestors: "'none'" })(
  'the setting says who may frame the page',
  async ({ service }) => {
    const { page } = await loadPage(service.url);
    expect(page.headers.get('content-security-policy')).toMatch(/; frame-ancestors 'none'$/);
  },
);

test('a page that cannot be bundled is an error that says so, and is tried again', async () => {
  const entry = `${await openFolder()}/main.ts`;
  const app = new Hono<ApiEnv>();
  const logged: string[] = [];
  const log = pino({}, { write: (line: string) => logged.push(line) });
  app.use((c, next) => {
    c.set('log', log);
    return next();
  });
  app.onError((error, c) => {
    const { status, body } = toErrorAnswer(error, 'request-1', log);
    return c.json(body, status);
  });
  app.route('/', livePageRoutes({ frameAncestors: '*', bundle: new PageBundle('live', entry) }));
  await writeFile(entry, 'const x = ;');
  const failed = await app.request('/embed/live/r');
  expect(failed.status).toBe(500);
  expect(await failed.json()).toMatchObject({
    code: 'server.error',
    error: 'The page could not be bundled.',
    hint: expect.stringContaining('log'),
  });
  expect(logged.join()).toContain('Unexpected');
  await writeFile(entry, 'console.log(1);');
  expect((await app.request('/embed/live/r')).status).toBe(200);
});
