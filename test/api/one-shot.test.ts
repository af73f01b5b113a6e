import { expect } from 'vitest';
import { test } from '../support/api-test.ts';
import { oneShot } from '../support/one-shots.ts';

const URL = { url: 'https://example.com' };
const HTML = { html: '<p>here' };

test.for<[string, object, string]>([
  ['screenshot', {}, 'url'],
  ['screenshot', { ...URL, ...HTML }, 'html'],
  ['screenshot', { url: 'file:///etc/passwd' }, 'url'],
  ['screenshot', { url: 'javascript:alert(1)' }, 'url'],
  ['screenshot', { url: 'example.com' }, 'url'],
  ['screenshot', { ...URL, fullpage: true }, 'fullpage'],
  ['screenshot', { ...URL, format: 'gif' }, 'format'],
  ['screenshot', { ...URL, quality: 50 }, 'quality'],
  ['screenshot', { ...URL, format: 'jpeg', omitBackground: true }, 'omitBackground'],
  ['screenshot', { ...URL, fullPage: true, selector: 'h1' }, 'selector'],
  ['screenshot', { ...URL, clip: { x: 0, y: 0, width: 0, height: 5 } }, 'clip.width'],
  ['screenshot', { ...URL, viewport: { width: 8000, height: 10 } }, 'viewport.width'],
  [
    'screenshot',
    { ...URL, viewport: { width: 7000, height: 7000, deviceScaleFactor: 4 } },
    'viewport',
  ],
  ['content', { ...URL, timeoutMs: 120_001 }, 'timeoutMs'],
  ['content', { ...URL, waitFor: { state: 'idle' } }, 'waitFor.state'],
  ['content', { ...URL, headers: { host: 'elsewhere' } }, 'headers.host'],
  ['content', { ...URL, headers: { cookie: 'a=b' } }, 'headers.cookie'],
  ['content', { ...URL, headers: { 'x-a': 'a\r\nb: c' } }, 'headers.x-a'],
  ['content', { ...HTML, headers: { 'x-a': 'b' } }, 'headers'],
  ['content', { ...HTML, cookies: [{ name: 'a', value: 'b' }] }, 'cookies.0.domain'],
  ['content', { ...URL, cookies: [{ name: 'a', value: 'b; c' }] }, 'cookies.0.value'],
  ['content', { ...URL, launch: { mode: 'ephemeral', headless: true } }, 'launch.headless'],
  ['pdf', { ...URL, format: 'A7' }, 'format'],
  ['pdf', { ...URL, margin: { top: '1em' } }, 'margin.top'],
  ['pdf', { ...URL, width: '201in' }, 'width'],
  ['pdf', { ...URL, pageRanges: 'all' }, 'pageRanges'],
  ['pdf', { ...URL, scale: 3 }, 'scale'],
  ['scrape', URL, 'elements'],
  ['scrape', { ...URL, elements: {} }, 'elements'],
  ['scrape', { ...URL, elements: { '1a': { selector: 'a' } } }, 'elements.1a'],
  ['scrape', { ...URL, elements: { a: { selector: '' } } }, 'elements.a.selector'],
])('a one-shot of %s with %j is refused, and %s named', async ([what, body, path], { service }) => {
  const refused = await oneShot(service, what, body);
  expect(refused, refused.text).toMatchObject({
    status: 400,
    json: { code: 'request.invalid' },
  });
  const issues: { in: string; path: string }[] = refused.json.details.issues;
  expect(issues).toContainEqual(expect.objectContaining({ in: 'body', path }));
});

test('a one-shot refuses an Idempotency-Key, since no answer is kept', async ({ service }) => {
  const headers = { 'idempotency-key': 'a' };
  expect(await oneShot(service, 'screenshot', URL, { headers })).toMatchObject({
    status: 400,
    json: {
      code: 'request.invalid',
      details: { issues: [{ in: 'header', path: 'idempotency-key' }] },
      hint: expect.stringContaining('without'),
    },
  });
});

test('a page as HTML may have ten megabytes', async ({ service }) => {
  const large = await oneShot(service, 'content', { html: 'x'.repeat(10_000_000) });
  expect(large).toMatchObject({ status: 413, json: { code: 'request.too_large' } });
  // This service has no browsers, but takes the body.
  const taken = await oneShot(service, 'content', { html: 'x'.repeat(9_000_000) });
  expect(taken.json.code).toMatch(/^(?:runtime|connection)\./);
});

test('the reference says what one-shots take, answer and refuse', async ({ service }) => {
  const { paths } = (await service.call('GET', '/openapi.json')).json;
  const binary = { schema: { type: 'string', format: 'binary' } };
  for (const [what, content] of [
    ['screenshot', { 'image/png': binary, 'image/jpeg': binary, 'image/webp': binary }],
    ['pdf', { 'application/pdf': binary }],
    ['content', { 'text/html': { schema: { type: 'string' } } }],
    ['scrape', { 'application/json': { schema: { $ref: '#/components/schemas/Scraped' } } }],
  ] as const) {
    const { post } = paths[`/v1/workspaces/{id}/${what}`];
    expect(post).toMatchObject({
      operationId: `one-shot-${what}`,
      tags: ['One-shots'],
      'x-required-scopes': ['runtimes:write'],
    });
    const { headers, content: answered } = post.responses[200];
    expect(answered).toEqual(content);
    expect(Object.keys(headers)).toEqual([
      'x-bctrl-runtime-id',
      'x-bctrl-page-url',
      'x-bctrl-page-status',
    ]);
    expect(post.responses[422].description).toContain('`page.load_failed`');
    expect(post.responses[504].description).toBe('`page.timeout`');
  }
});
