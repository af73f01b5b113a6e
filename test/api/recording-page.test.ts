import { expect } from 'vitest';
import { test } from '../support/api-test.ts';

const MAX_GZIPPED_BYTES = 25_000;

/** The page of a service, and the addresses of its assets. */
async function loadPage(url: string) {
  const address = `${url}/embed/recording/some-recording`;
  const page = await fetch(address);
  const assets = [...(await page.text()).matchAll(/(?:href|src)="(\.[^"]+)"/g)].map(
    ([, path]) => new URL(path ?? '', address).href,
  );
  return { page, assets };
}

test('the player needs no key, and loads videos of its own host alone', async ({ service }) => {
  const { page } = await loadPage(service.url);
  expect(page.status).toBe(200);
  expect(Object.fromEntries(page.headers)).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'permissions-policy': expect.stringContaining('camera=()'),
    'content-security-policy': [
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;",
      "media-src 'self' blob:; connect-src 'self'; font-src 'none'; base-uri 'none';",
      "form-action 'none'; frame-ancestors *",
    ].join(' '),
  });
});

test('its assets lie beside those of the live view, and are small', async ({ service }) => {
  const { assets } = await loadPage(service.url);
  expect(assets).toEqual([
    expect.stringMatching(/\/embed\/assets\/recording\.[\da-f]{16}\.css$/),
    expect.stringMatching(/\/embed\/assets\/recording\.[\da-f]{16}\.js$/),
  ]);
  let gzippedBytes = 0;
  for (const asset of assets) {
    const answer = await fetch(asset, { headers: { 'accept-encoding': 'gzip' } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    gzippedBytes += Number(answer.headers.get('content-length'));
  }
  expect(gzippedBytes).toBeGreaterThan(0);
  expect(gzippedBytes).toBeLessThan(MAX_GZIPPED_BYTES);
});
