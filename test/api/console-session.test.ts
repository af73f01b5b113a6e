import { once } from 'node:events';
import { request } from 'node:http';
import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, vi } from 'vitest';
import { Sessions } from '../../src/api/console/sessions.ts';
import { SignInLink } from '../../src/api/console/sign-in-link.ts';
import { SessionBody } from '../../src/api/schemas/console-session.ts';
import { Sealing } from '../../src/db/sealing.ts';
import { testWith } from '../support/api-test.ts';
import { addKey } from '../support/keys.ts';
import { openFakeService, type TestService } from '../support/service.ts';

const [CURRENT, FORMER] = ['the key of this year', 'the key of last year'];
/** The test is a proxy in front of the service where it sends the headers of one. */
const test = testWith({
  trustedProxies: ['127.0.0.1'],
  encryptionKey: CURRENT,
  oldEncryptionKeys: [FORMER],
});

const OWN_PAGE = { 'sec-fetch-site': 'same-origin' };
const HTTPS = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'b.example' };
const HOUR_MS = 3_600_000;

interface Asked {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Asks as a page of the service does, unless the headers say otherwise. */
function ask(
  { url }: Pick<TestService, 'url'>,
  path: string,
  { method = 'GET', body, headers = OWN_PAGE }: Asked = {},
): Promise<Response> {
  return fetch(url + path, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    redirect: 'manual',
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

const signIn = (service: TestService, body: unknown, headers: Record<string, string> = OWN_PAGE) =>
  ask(service, '/console/session', { method: 'POST', body, headers });

/** What a browser sends back. */
function cookieOf(answer: Response): string {
  const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
  return cookie;
}

async function signedIn(service: TestService, key = service.apiKey): Promise<string> {
  const answer = await signIn(service, { key });
  expect(answer.status).toBe(200);
  return cookieOf(answer);
}

const withCookie = (cookie: string, more: Record<string, string> = OWN_PAGE) => ({
  headers: { cookie, ...more },
});

test('a key begins a session of 12 hours, in a cookie that no script reads', async ({
  service,
}) => {
  const answer = await signIn(service, { key: service.apiKey });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('set-cookie')).toMatch(
    /^bctrl_session=[\w-]+; Max-Age=4\d{4}; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  const session = SessionBody.parse(await answer.json());
  expect(session).toEqual({
    keyId: expect.any(String),
    scopes: expect.arrayContaining(['admin', 'runtimes:write']),
    workspaceIds: null,
    expiresAt: expect.any(String),
  });
  expect(Date.parse(session.expiresAt) - Date.now()).toBeGreaterThan(11.9 * HOUR_MS);
  const again = await ask(service, '/console/session', withCookie(cookieOf(answer)));
  expect(await again.json()).toEqual(session);
});

test('behind HTTPS the cookie is secure, and no other host can have set it', async ({
  service,
}) => {
  const headers = { ...OWN_PAGE, ...HTTPS };
  const answer = await signIn(service, { key: service.apiKey }, headers);
  expect(answer.headers.get('set-cookie')).toMatch(
    /^__Host-bctrl_session=[\w-]+; Max-Age=4\d{4}; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  );
  const cookie = cookieOf(answer);
  const own = { origin: 'https://b.example', ...HTTPS };
  expect((await ask(service, '/v1/workspaces', withCookie(cookie, own))).status).toBe(200);
  const tossed = cookie.replace('__Host-', '');
  expect((await ask(service, '/v1/workspaces', withCookie(tossed, headers))).status).toBe(401);
});

test('signing out takes the cookie away', async ({ service }) => {
  const cookie = await signedIn(service);
  const answer = await ask(service, '/console/session', {
    method: 'DELETE',
    ...withCookie(cookie),
  });
  expect(answer.status).toBe(204);
  expect(answer.headers.get('set-cookie')).toMatch(/^bctrl_session=; Max-Age=0; Path=\//);
  expect((await ask(service, '/console/session')).status).toBe(401);
});

test('only a page of the service itself has the session count', async ({ service }) => {
  const cookie = await signedIn(service);
  const { origin } = new URL(service.url);
  const { port } = new URL(service.url);
  const statusFor = async (headers: Record<string, string>) =>
    (await ask(service, '/v1/workspaces', withCookie(cookie, headers))).status;
  for (const headers of [
    OWN_PAGE,
    // As browsers ask over HTTP from another machine.
    { origin },
    { referer: `${origin}/console/runtimes` },
  ]) {
    expect(await statusFor(headers), JSON.stringify(headers)).toBe(200);
  }
  for (const headers of [
    {},
    { 'sec-fetch-site': 'cross-site' },
    // Another port of this host, whose pages the cookie does not tell apart.
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'same-site', origin },
    // An address that was typed, or opened by another program.
    { 'sec-fetch-site': 'none' },
    { origin: 'null' },
    { origin: 'https://evil.example' },
    { origin: `http://127.0.0.1:${Number(port) + 1}` },
    { origin: 'https://evil.example', referer: `${origin}/console` },
    { referer: `https://evil.example/?${origin}` },
    { referer: 'nonsense' },
    { ...OWN_PAGE, authorization: 'Bearer nope' },
    { ...OWN_PAGE, authorization: '' },
  ] as Record<string, string>[]) {
    expect(await statusFor(headers), JSON.stringify(headers)).toBe(401);
  }
});

test('others can sign nobody in or out, whatever they know', async ({ service }) => {
  const { origin } = new URL(service.url);
  for (const headers of [
    {},
    { 'sec-fetch-site': 'same-site', origin },
    { 'sec-fetch-site': 'cross-site' },
    { origin: 'null' },
  ] as Record<string, string>[]) {
    for (const method of ['POST', 'DELETE', 'GET']) {
      const body = method === 'POST' ? { key: service.apiKey } : undefined;
      const answer = await ask(service, '/console/session', { method, body, headers });
      expect(answer.status, `${method} ${JSON.stringify(headers)}`).toBe(403);
      expect(answer.headers.has('set-cookie')).toBe(false);
      expect(await answer.json()).toMatchObject({
        code: 'session.foreign_page',
        hint: expect.stringContaining('BCTRL_PUBLIC_URL'),
      });
    }
  }
  const form = await fetch(`${service.url}/console/session`, {
    method: 'POST',
    headers: OWN_PAGE,
    body: new URLSearchParams({ key: service.apiKey }),
  });
  expect(form.status).toBe(415);
  for (const body of [{}, { key: '' }, { key: 'a\nb' }, { key: 'a', link: 'b' }, { key: 7 }]) {
    expect((await signIn(service, body)).status, JSON.stringify(body)).toBe(400);
  }
});

test('a session opens every operation but those that programs connect to', async ({ service }) => {
  const cookie = await signedIn(service);
  const { paths } = (await service.call('GET', '/openapi.json')).json;
  expect(Object.keys(paths).filter((path) => path.startsWith('/console'))).toEqual([]);
  const closed = [];
  for (const path of Object.keys(paths).filter((one) => one.startsWith('/v1/'))) {
    for (const method of Object.keys(paths[path])) {
      const named = path.replace('{alias}', 'a').replaceAll(/\{\w+\}/g, randomUUID());
      const asked = { method: method.toUpperCase(), ...withCookie(cookie) };
      const answer = await ask(service, named, asked);
      await answer.body?.cancel();
      if (answer.status === 401) closed.push(`${method} ${path}`);
    }
  }
  expect(closed.toSorted()).toEqual([
    'get /v1/workspaces/{id}/connect',
    'post /v1/mcp',
    'post /v1/workspaces/{id}/runtimes/{alias}/mcp',
  ]);
});

test('drivers and websockets take no session', async ({ service, workspace }) => {
  const cookie = await signedIn(service);
  const { id } = await workspace.create();
  const headers = { cookie, ...OWN_PAGE };
  for (const path of ['cdp/json/version', 'webdriver/status', 'playwright/json']) {
    const answer = await ask(service, `${workspace.runtimes}/${id}/${path}`, { headers });
    expect(answer.status, path).toBe(401);
  }
  for (const path of [
    `${workspace.runtimes}/${id}/cdp`,
    `/v1/workspaces/${workspace.id}/connect`,
  ]) {
    const asked = request(service.url + path, {
      headers: {
        ...headers,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-version': '13',
      },
    }).end();
    const [answer] = await once(asked, 'response');
    answer.resume();
    expect(answer.statusCode, path).toBe(401);
  }
});

const left = (answer: Response) => Number(answer.headers.get('ratelimit-remaining'));

test('limits, idempotency and streams are those of the key', async ({ service, workspace }) => {
  const cookie = await signedIn(service);
  const bySession = await ask(service, '/v1/workspaces', withCookie(cookie));
  const authorization = `Bearer ${service.apiKey}`;
  const byKey = await ask(service, '/v1/workspaces', { headers: { authorization } });
  expect(left(bySession) - left(byKey)).toBe(1);

  const create = {
    method: 'POST',
    body: { alias: 'once', kind: 'browser' },
  };
  const key = { 'idempotency-key': randomUUID() };
  const first = await ask(service, workspace.runtimes, {
    ...create,
    ...withCookie(cookie, { ...OWN_PAGE, ...key }),
  });
  const repeat = await ask(service, workspace.runtimes, {
    ...create,
    headers: { authorization, ...key },
  });
  expect([first.status, repeat.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
  expect(await repeat.json()).toEqual(await first.json());

  const stream = await ask(service, '/v1/events/stream', withCookie(cookie));
  expect(stream.headers.get('content-type')).toBe('text/event-stream');
  await stream.body?.cancel();
});

test('a session has the scopes and workspaces of its key, and ends with it', async ({
  service,
  workspace,
}) => {
  const workspaceIds = [workspace.id];
  const key = await addKey(service.database, { scopes: ['runtimes:read'], workspaceIds });
  const answer = await signIn(service, { key });
  const session = SessionBody.parse(await answer.json());
  expect(session).toMatchObject({ scopes: ['runtimes:read'], workspaceIds });
  const cookie = cookieOf(answer);
  expect((await ask(service, workspace.runtimes, withCookie(cookie))).status).toBe(200);
  const create = { method: 'POST', body: { alias: 'a', kind: 'browser' }, ...withCookie(cookie) };
  expect((await ask(service, workspace.runtimes, create)).status).toBe(403);
  const other = '/v1/workspaces/default/runtimes';
  expect((await ask(service, other, withCookie(cookie))).status).toBe(404);

  expect((await service.call('DELETE', `/v1/api-keys/${session.keyId}`)).status).toBe(200);
  for (const path of [workspace.runtimes, '/console/session']) {
    expect((await ask(service, path, withCookie(cookie))).status, path).toBe(401);
  }
});

test('a cookie counts if this service sealed it, with this or a former key, and not for ever', async ({
  service,
}) => {
  const keysOf = async (current: string, old: string) =>
    (await Sealing.open(service.database.db, current, [old])).sessionKeys;
  const [current, former] = await keysOf(CURRENT, FORMER);
  if (!former) throw new Error('there is no former key');
  const foreign = Buffer.alloc(32, 7);
  const sealedBy = (key: Buffer) => new Sessions([key]).begin(service.apiKey).sealed;
  const statusOf = async (sealed: string) => {
    const asked = withCookie(`other=1; bctrl_session=${sealed}; theme=dark`);
    return (await ask(service, '/v1/workspaces', asked)).status;
  };
  const sealed = sealedBy(current);
  expect(await statusOf(sealed)).toBe(200);
  expect(await statusOf(sealedBy(former))).toBe(200);
  const changed = `${sealed.slice(0, 50)}${sealed[50] === 'A' ? 'B' : 'A'}${sealed.slice(51)}`;
  for (const wrong of [sealedBy(foreign), changed, sealed.slice(0, -4), 'x', '', '%ff', '"']) {
    expect(await statusOf(wrong), wrong).toBe(401);
  }
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  vi.setSystemTime(Date.now() - 12.1 * HOUR_MS);
  const old = sealedBy(current);
  vi.useRealTimers();
  expect(await statusOf(old)).toBe(401);
});

test('whoever guesses is slowed down by address, as with other wrong keys', async ({ service }) => {
  const from = { ...OWN_PAGE, 'x-forwarded-for': '203.0.113.7' };
  for (let i = 0; i < 15; i++) {
    expect((await signIn(service, { key: `guess-${i}` }, from)).status).toBe(401);
    expect((await signIn(service, { link: `guess-${i}-link` }, from)).status).toBe(401);
  }
  const refused = await signIn(service, { key: 'guess' }, from);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  const direct = { ...from, authorization: 'Bearer another-guess' };
  expect((await ask(service, '/v1/workspaces', { headers: direct })).status).toBe(429);
  expect((await signIn(service, { key: 'guess' })).status).toBe(401);
});

test('the printed link signs in once, and only where nobody else reaches the service', async ({
  service,
}) => {
  const link = service.signInToken ?? 'none';
  expect((await signIn(service, { link: link.slice(0, -1) })).status).toBe(401);
  expect((await signIn(service, { link }, {})).status).toBe(403);
  const answer = await signIn(service, { link });
  expect(answer.status).toBe(200);
  const asked = withCookie(cookieOf(answer));
  expect((await ask(service, '/v1/workspaces', asked)).status).toBe(200);
  expect((await signIn(service, { link })).status).toBe(401);
  await using open = await openFakeService({ host: '0.0.0.0' });
  expect(open.apiKey).toMatch(/^bctrl_/);
  expect(open.signInToken).toBeUndefined();
});

test('a link is good for an hour', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const link = new SignInLink();
  const first = link.issue('a');
  vi.advanceTimersByTime(HOUR_MS - 1);
  expect(link.redeem(first)).toBe('a');
  const second = link.issue('b');
  expect(link.redeem(first)).toBeUndefined();
  vi.advanceTimersByTime(HOUR_MS);
  expect(link.redeem(second)).toBeUndefined();
});

test('no log line has a key, a link or a cookie', async ({ service }) => {
  const cookie = await signedIn(service);
  const link = 'a-link-that-somebody-made-up';
  await signIn(service, { link });
  await ask(service, '/console/session', withCookie(cookie));
  await ask(service, '/v1/workspaces', withCookie(cookie));
  await ask(service, '/console/session', { method: 'POST', body: '{', ...withCookie(cookie) });
  const logged = service.logged.join();
  expect(logged).toContain('/console/session');
  for (const secret of [service.apiKey, link, service.signInToken ?? '?', cookie.slice(14)]) {
    expect(logged).not.toContain(secret);
  }
});

test('the console is one page below /console, which lets in nothing and is shown by nobody', async ({
  service,
}) => {
  for (const path of ['/console', '/console/', '/console/runtimes/default/a']) {
    const page = await ask(service, path, { headers: {} });
    expect(page.status, path).toBe(200);
    expect(Object.fromEntries(page.headers)).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
      'content-security-policy': [
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;",
        "frame-src 'self'; require-trusted-types-for 'script'; trusted-types 'none';",
        "connect-src 'self'; font-src 'none'; base-uri 'none'; form-action 'none';",
        "frame-ancestors 'none'",
      ].join(' '),
    });
    const html = await page.text();
    expect(html).not.toMatch(/<script>|\s(?:style|on\w+)=|(?:href|src)="(?:\/|\w+:\/\/)/);
    const assets = [...html.matchAll(/(?:href|src)="([^"]+console\.[^"]+|console\/[^"]+)"/g)];
    expect(assets).toHaveLength(3);
    for (const [, asset = ''] of assets) {
      const { pathname } = new URL(asset, service.url + path);
      expect(pathname).toMatch(/^\/console\/assets\/console\.[\da-zA-Z]{8,16}\.(?:css|js)$/);
      const loaded = await ask(service, pathname, { headers: { 'accept-encoding': 'gzip' } });
      expect(loaded.status).toBe(200);
      expect(Number(loaded.headers.get('content-length'))).toBeLessThan(40_000);
      await loaded.body?.cancel();
    }
  }
  const reference = await ask(service, '/docs');
  expect(reference.headers.get('content-security-policy')).toBe("frame-ancestors 'none'");
});
