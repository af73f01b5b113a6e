import { afterEach, expect, vi } from 'vitest';
import { RuntimeManager } from '../../src/runtime-manager/index.ts';
import { openCdp } from '../support/cdp.ts';
import { letPass } from '../support/elapsed.ts';
import { eventually } from '../support/eventually.ts';
import { oneShot, pngOf } from '../support/one-shots.ts';
import { openSite, serveSite } from '../support/site.ts';
import { test } from '../support/test.ts';

/** Long enough to launch a browser on a busy machine, and waited for whole only by pages that never end. */
const TIMEOUT_MS = 20_000;
const GRADIENT = `<!doctype html><title>tall</title><body style="margin: 0">
  <div style="height: 3000px; background: linear-gradient(red, blue)"></div>
  <p id="end" style="margin: 0; width: 200px; height: 40px">the end</p>`;

/** Nothing is left of what a test did: no runtime that is active, and every place free. */
async function expectNothingLeft(service: {
  call: (method: string, path: string) => Promise<{ json: { runtimes: object[] } }>;
  node: { load: { active: number } };
}) {
  await eventually(async () => {
    expect((await service.call('GET', '/v1/runtimes?status=active')).json.runtimes).toEqual([]);
    expect(service.node.load).toMatchObject({ active: 0, waiting: 0 });
  });
}

/** Width and height of each page of a PDF, in points. */
function pagesOf({ bytes }: { bytes: Buffer }): number[][] {
  const boxes = bytes.toString('latin1').matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g);
  return [...boxes].map(([, ...sides]) => sides.map((side) => Math.round(Number(side))));
}

afterEach(() => vi.restoreAllMocks());

test('a page is pictured as its viewport, whole, in parts and in each format', async ({
  service,
}) => {
  const url = await openSite(GRADIENT);
  const take = (body: object) => oneShot(service, 'screenshot', { url, ...body });
  const [usual, whole, sharp, element, clip, transparent, jpeg, webp] = await Promise.all([
    take({}),
    take({ fullPage: true, viewport: { width: 800, height: 600 } }),
    take({ viewport: { width: 400, height: 300, deviceScaleFactor: 2, mobile: true } }),
    take({ selector: '#end' }),
    take({ clip: { x: 10, y: 2000, width: 30, height: 20 } }),
    take({ omitBackground: true, selector: '#end' }),
    take({ format: 'jpeg', quality: 1 }),
    take({ format: 'webp' }),
  ]);
  expect(pngOf(usual)).toEqual({ width: 1280, height: 720, hasAlpha: false });
  expect(pngOf(whole)).toMatchObject({ width: 800, height: 3040 });
  expect(pngOf(sharp)).toMatchObject({ width: 800, height: 600 });
  expect(pngOf(element)).toMatchObject({ width: 200, height: 40 });
  expect(pngOf(clip)).toMatchObject({ width: 30, height: 20 });
  expect(pngOf(transparent)).toEqual({ width: 200, height: 40, hasAlpha: true });
  expect(jpeg.bytes.toString('hex', 0, 3)).toBe('ffd8ff');
  expect(webp.bytes.toString('latin1', 8, 12)).toBe('WEBP');
  const headers = Object.fromEntries(usual.headers);
  expect(headers).toMatchObject({
    'content-type': 'image/png',
    'x-bctrl-page-url': url,
    'x-bctrl-page-status': '200',
    'cache-control': 'no-store',
    'content-security-policy': "sandbox; default-src 'none'",
  });
  await expectNothingLeft(service);
  const { json } = await service.call(
    'GET',
    `/v1/workspaces/default/runtimes/${headers['x-bctrl-runtime-id']}`,
  );
  expect(json).toMatchObject({
    alias: expect.stringMatching(/^one-shot-/),
    status: 'stopped',
    stopReason: 'requested',
    maxDurationSeconds: 35,
    usage: { connections: expect.any(Number) },
  });
});

test('a picture of over 16 MB arrives, and one of too many pixels is refused', async ({
  service,
}) => {
  const noise = `<body style="margin: 0"><canvas width="2400" height="2400"></canvas><script>
    const context = document.querySelector('canvas').getContext('2d');
    const noise = context.createImageData(2400, 2400);
    const words = new Uint32Array(noise.data.buffer);
    for (let nth = 0; nth < words.length; nth++) words[nth] = Math.random() * 2 ** 32 | 255 << 24;
    context.putImageData(noise, 0, 0);
  </script>`;
  const [large, endless] = await Promise.all([
    oneShot(service, 'screenshot', { html: noise, selector: 'canvas', timeoutMs: 120_000 }),
    oneShot(service, 'screenshot', { html: '<p style="height: 60000px">', fullPage: true }),
  ]);
  expect(pngOf(large)).toMatchObject({ width: 2400, height: 2400 });
  expect(large.bytes.length).toBeGreaterThan(13_000_000);
  expect(endless).toMatchObject({ status: 422, json: { code: 'page.too_large' } });
});

test('headers and cookies reach the page that they are for, no other, and no record', async ({
  service,
}) => {
  const seen: Record<string, string>[] = [];
  const elsewhere = await serveSite(({ headers: { authorization, cookie }, url }, response) => {
    seen.push({ site: 'elsewhere', url, authorization, cookie } as Record<string, string>);
    response.setHeader('access-control-allow-origin', '*').end('{}');
  });
  const other = elsewhere.replace('127.0.0.1', 'localhost');
  const url = await serveSite(({ headers: { authorization, cookie }, url: path }, response) => {
    seen.push({ site: 'own', url: path, authorization, cookie } as Record<string, string>);
    if (path === '/away') return void response.writeHead(302, { location: `${other}led` }).end();
    response.setHeader('content-type', 'text/html');
    response.end(`<img src="/own"><img src="/away"><img src="${other}img">`);
  });
  const secret = 'Bearer s3cret';
  const cookies = [{ name: 'session', value: 'c00kie', httpOnly: true }];
  const body = { url, headers: { Authorization: secret }, cookies };
  expect(await oneShot(service, 'content', body)).toMatchObject({ status: 200 });
  const own = seen.filter(({ site, url: path }) => site === 'own' && path !== '/favicon.ico');
  expect(new Set(own.map(({ url: path }) => path))).toEqual(new Set(['/', '/away', '/own']));
  for (const request of own) {
    expect(request).toMatchObject({ authorization: secret, cookie: 'session=c00kie' });
  }
  const others = seen.filter(({ site }) => site === 'elsewhere');
  expect(new Set(others.map(({ url: path }) => path))).toEqual(new Set(['/img', '/led']));
  for (const request of others) {
    expect(request).toMatchObject({ authorization: undefined, cookie: undefined });
  }
  // Chromium itself refuses this one.
  const refused = { url, headers: { 'x-http-method-override': 'TRACE' }, timeoutMs: 10_000 };
  expect(await oneShot(service, 'content', refused)).toMatchObject({
    status: 422,
    json: { code: 'page.load_failed' },
  });
  await expectNothingLeft(service);
  const { json } = await service.call('GET', '/v1/runtimes');
  const path = `/v1/workspaces/default/runtimes/${json.runtimes[0].id}/events?limit=100`;
  const events = await service.call('GET', path);
  expect(events.json.events.length).toBeGreaterThan(0);
  const kept = JSON.stringify([json, events.json, service.logged]);
  expect(kept).not.toMatch(/s3cret|c00kie/);
});

test('HTML is shown as it is given, and waited for as it is asked', async ({ service }) => {
  const site = await serveSite((_, response) => {
    setTimeout(() => response.setHeader('access-control-allow-origin', '*').end('late'), 300);
  });
  const base = `<base href="${site}">`;
  const content = async (html: string, waitFor: object) => {
    const answer = await oneShot(service, 'content', { html: base + html, waitFor });
    expect(answer, answer.text).toMatchObject({ status: 200 });
    return answer;
  };
  const fetching = `<p id="p"><script>
    setTimeout(async () => p.append(await (await fetch('x')).text()), 100)</script>`;
  const [loaded, idle, found, later, hiding] = await Promise.all([
    content('<p>é<script>document.body.append(location + origin)</script>', {}),
    content(fetching, { state: 'networkidle' }),
    content(
      '<script>setTimeout(() => document.body.append(document.createElement("b")), 200)</script>',
      {
        selector: 'b',
      },
    ),
    content('<script>setTimeout(() => document.body.append("la" + "ter"), 100)</script>', {
      ms: 300,
    }),
    content('<form name="documentElement"><input name="outerHTML"></form>', {}),
  ]);
  expect(loaded.text).toContain('<p>é');
  expect(loaded.text).toContain('about:blanknull');
  expect(Object.fromEntries(loaded.headers)).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
  });
  expect(loaded.headers.has('x-bctrl-page-url')).toBe(false);
  expect(idle.text).toContain('late</p>');
  expect(found.text).toContain('<b></b>');
  expect(later.text).toContain('later');
  expect(hiding.text).toContain('<html>');
});

test('a page is printed on the paper that was asked for', async ({ service }) => {
  const html = '<h1>one</h1><h1 style="break-before: page">two</h1>';
  const [usual, chosen, beyond, narrow] = await Promise.all([
    oneShot(service, 'pdf', { html }),
    oneShot(service, 'pdf', {
      html,
      format: 'A5',
      landscape: true,
      pageRanges: '2',
      margin: { top: '1cm' },
      printBackground: true,
      displayHeaderFooter: true,
      footerTemplate: '<b class="pageNumber"></b>',
      tagged: true,
      outline: true,
    }),
    oneShot(service, 'pdf', { html, pageRanges: '7' }),
    oneShot(service, 'pdf', { html, margin: { left: '9in' } }),
  ]);
  expect(usual.headers.get('content-type')).toBe('application/pdf');
  expect(pagesOf(usual)).toEqual([
    [612, 792],
    [612, 792],
  ]);
  expect(pagesOf(chosen)).toEqual([[596, 420]]);
  expect(beyond).toMatchObject({
    status: 400,
    json: { code: 'page.invalid_option', details: { path: 'pageRanges' } },
  });
  expect(narrow).toMatchObject({ status: 400, json: { code: 'page.invalid_option' } });
});

test('elements are read by their names, with what is not there as an empty list', async ({
  service,
}) => {
  const url = await openSite(`<title>a list</title><ul>
    <li><a href="/1" rel="next"> one </a></li><li><a href="/2">two</a></li><li><a href="/3">3</a></li>
  </ul><p>${'x'.repeat(100_001)}</p><form><input name="attributes"><input name="innerText"></form>`);
  const elements = {
    links: { selector: 'a', attributes: ['href', 'title'], limit: 2 },
    first: { selector: 'li:first-child a' },
    none: { selector: 'h1' },
    long: { selector: 'p' },
    form: { selector: 'form' },
  };
  const [found, invalid, enormous] = await Promise.all([
    oneShot(service, 'scrape', { url, elements }),
    oneShot(service, 'scrape', { url, elements: { a: { selector: 'li >' } } }),
    oneShot(service, 'scrape', {
      html: `<p>${'y'.repeat(90_000)}</p>`.repeat(20),
      elements: { p: { selector: 'p' } },
    }),
  ]);
  expect(found.headers.get('x-bctrl-page-url')).toBe(url);
  const { title, elements: read } = found.json;
  expect(title).toBe('a list');
  expect(read.links).toEqual([
    {
      text: 'one',
      html: '<a href="/1" rel="next"> one </a>',
      attributes: { href: '/1' },
      isTruncated: false,
    },
    { text: 'two', html: '<a href="/2">two</a>', attributes: { href: '/2' }, isTruncated: false },
  ]);
  expect(read.first).toMatchObject([{ attributes: { href: '/1', rel: 'next' } }]);
  expect(read.none).toEqual([]);
  expect(read.long).toMatchObject([{ text: 'x'.repeat(100_000), isTruncated: true }]);
  expect(read.form).toMatchObject([{ attributes: {}, text: '' }]);
  expect(invalid).toMatchObject({
    status: 400,
    json: { code: 'page.invalid_option', details: { path: 'elements.a.selector' } },
  });
  expect(enormous).toMatchObject({ status: 422, json: { code: 'page.too_large' } });
});

test('a page that cannot be loaded is refused with the reason', async ({ service }) => {
  const site = await serveSite(({ url }, response) => {
    if (url === '/download') response.setHeader('content-disposition', 'attachment');
    if (url === '/nothing') return void response.writeHead(204).end();
    if (url === '/broken') return void response.socket?.destroy();
    if (url === '/redirect')
      return void response.writeHead(302, { location: 'http://denied.test/' }).end();
    if (url === '/leads-on') {
      response.setHeader('content-type', 'text/html');
      return void response.end('<script>location.replace("https://denied.test/")</script>');
    }
    if (url === '/gone') response.writeHead(410, { 'content-type': 'text/html' });
    response.end('<p>text');
  });
  const egress = { deny: ['denied.test'] };
  const cases: [string, object][] = [
    [
      'http://nobody.invalid/',
      { error: 'net::ERR_NAME_NOT_RESOLVED', egress: 'name_not_resolved' },
    ],
    ['http://denied.test/', { egress: 'denied', url: 'http://denied.test/' }],
    ['https://denied.test/', { egress: 'denied', error: 'net::ERR_TUNNEL_CONNECTION_FAILED' }],
    [`${site}redirect`, { egress: 'denied' }],
    [`${site}leads-on`, { egress: 'denied', url: 'https://denied.test/' }],
    [`${site}broken`, { error: 'net::ERR_EMPTY_RESPONSE' }],
    [`${site}download`, { error: 'net::ERR_ABORTED' }],
    [`${site}nothing`, { error: 'net::ERR_ABORTED' }],
    [site.replace('http:', 'https:'), { error: 'net::ERR_SSL_PROTOCOL_ERROR' }],
  ];
  const answers = await Promise.all(
    cases.map(([url]) => oneShot(service, 'content', { url, egress, waitFor: { ms: 500 } })),
  );
  for (const [nth, [url, details]] of cases.entries()) {
    expect.soft(answers[nth], url).toMatchObject({
      status: 422,
      json: { code: 'page.load_failed', details },
    });
  }
  const gone = await oneShot(service, 'content', { url: `${site}gone` });
  expect(gone).toMatchObject({ status: 200, text: expect.stringContaining('text') });
  expect(gone.headers.get('x-bctrl-page-status')).toBe('410');
  await expectNothingLeft(service);
});

test('a page that never gets there is given up in time, and dialogs keep none', async ({
  service,
}) => {
  const hanging = await serveSite(() => undefined);
  const html = `<img src="${hanging}">`;
  const dialogs =
    '<script>alert(1); if (!confirm(2)) document.title = prompt(3) + "dismissed"</script>';
  const timeoutMs = TIMEOUT_MS;
  const began = performance.now();
  const [silent, busy, loading, unseen, unsized, asking] = await Promise.all([
    oneShot(service, 'pdf', { url: hanging, timeoutMs }),
    oneShot(service, 'screenshot', { html: '<script>for (;;);</script>', timeoutMs }),
    oneShot(service, 'content', { html, waitFor: { state: 'networkidle' }, timeoutMs }),
    oneShot(service, 'content', { html: '<p>', waitFor: { selector: 'b' }, timeoutMs }),
    oneShot(service, 'screenshot', { html: '<b hidden>', selector: 'b', timeoutMs }),
    oneShot(service, 'content', { html: dialogs }),
  ]);
  expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + 5000);
  for (const late of [silent, busy, loading]) {
    expect(late).toMatchObject({
      status: 504,
      json: { code: 'page.timeout', details: { stage: 'load', timeoutMs } },
    });
  }
  expect(unseen).toMatchObject({
    status: 422,
    json: { code: 'page.selector_not_found', details: { path: 'waitFor.selector' } },
  });
  expect(unsized).toMatchObject({
    status: 422,
    json: { code: 'page.selector_not_found', details: { path: 'selector', selector: 'b' } },
  });
  expect(asking.text).toContain('<title>nulldismissed</title>');
  await expectNothingLeft(service);
});

test('a page that crashes is told, and a runtime that is stopped meanwhile', async ({
  service,
}) => {
  const slow = { html: '<p>', waitFor: { selector: 'b' } };
  const asked = Promise.all([oneShot(service, 'content', slow), oneShot(service, 'content', slow)]);
  const [first, second] = await eventually(async () => {
    const { json } = await service.call('GET', '/v1/runtimes?status=active');
    expect(json.runtimes).toHaveLength(2);
    for (const { connection } of json.runtimes) expect(connection).toBeDefined();
    return json.runtimes;
  });
  using client = await openCdp(first.connection.cdpUrl);
  const { sessionId } = await client.send('Target.attachToTarget', {
    targetId: first.summary.defaultPageId,
    flatten: true,
  });
  client.send('Page.crash', {}, String(sessionId)).catch(() => undefined);
  await service.call('POST', `/v1/workspaces/default/runtimes/${second.id}/stop`);
  const answers = await asked;
  const byRuntime = new Map(answers.map((one) => [one.headers.get('x-bctrl-runtime-id'), one]));
  expect(byRuntime.get(first.id)).toMatchObject({ status: 422, json: { code: 'page.crashed' } });
  expect(byRuntime.get(second.id)).toMatchObject({
    status: 410,
    json: { code: 'runtime.not_active' },
  });
  await expectNothingLeft(service);
});

test('nothing goes on when a client hangs up, and time ends what nobody stops', async ({
  service,
}) => {
  const asked = Promise.withResolvers<void>();
  const hanging = await serveSite(() => asked.resolve());
  const left = new AbortController();
  const { signal } = left;
  const given = oneShot(service, 'screenshot', { url: hanging, timeoutMs: 120_000 }, { signal });
  given.catch(() => undefined);
  await asked.promise;
  left.abort();
  await expect(given).rejects.toThrow();
  await expectNothingLeft(service);

  const stop = vi.spyOn(RuntimeManager.prototype, 'stop').mockRejectedValueOnce(new Error('away'));
  const { headers } = await oneShot(service, 'content', { html: '<p>' });
  await vi.waitFor(() => expect(stop).toHaveBeenCalled());
  const path = `/v1/workspaces/default/runtimes/${headers.get('x-bctrl-runtime-id')}`;
  expect((await service.call('GET', path)).json).toMatchObject({ status: 'active' });
  letPass(36);
  await expectNothingLeft(service);
  expect((await service.call('GET', path)).json).toMatchObject({ stopReason: 'expired' });
});

test('a page is seen with a profile, whose state is kept', async ({ service }) => {
  const url = await serveSite((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<p id="p"><script>
      p.textContent = localStorage.visits = Number(localStorage.visits ?? 0) + 1</script>`);
  });
  const profile = await service.call('POST', '/v1/browser-profiles', { name: 'one-shots' });
  const launch = { mode: 'profile', profileId: profile.json.id };
  const elements = { p: { selector: 'p' } };
  for (const visits of ['1', '2']) {
    const { json, text } = await oneShot(service, 'scrape', { url, elements, launch });
    expect(json.elements?.p, text).toMatchObject([{ text: visits }]);
    await expectNothingLeft(service);
  }
});
