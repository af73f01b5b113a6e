import { once } from 'node:events';
import { request } from 'node:http';
import { expect } from 'vitest';
import { z } from 'zod';
import { SCOPES, type Scope } from '../../src/runtime-manager/runtime/index.ts';
import { caller } from '../support/http.ts';
import { test } from '../support/api-test.ts';
import { addKey } from '../support/keys.ts';
import { createWorkspace } from '../support/test.ts';
import type { TestService } from '../support/service.ts';

interface Route {
  method: string;
  path: string;
  hasBody: boolean;
  statuses: string[];
  scopes: Scope[];
}

/** Every operation of the served document, with the given names in its path. */
async function routes(service: TestService, names: Record<string, string>): Promise<Route[]> {
  const { paths } = (await service.call('GET', '/openapi.json')).json;
  return Object.keys(paths)
    .filter((path) => path.startsWith('/v1/'))
    .flatMap((path) =>
      Object.keys(paths[path]).map((method) => ({
        method: method.toUpperCase(),
        path: path.replace(/\{(\w+)\}/g, (_, name: string) => names[name] ?? 'unnamed'),
        hasBody: 'application/json' in (paths[path][method].requestBody?.content ?? {}),
        statuses: Object.keys(paths[path][method].responses),
        scopes: z.array(z.enum(SCOPES)).parse(paths[path][method]['x-required-scopes']),
      })),
    );
}

test('every route answers 401 without a key', async ({ service }) => {
  const anonymous = caller(service.url, undefined);
  for (const { method, path } of await routes(service, { id: 'default', alias: 'a' })) {
    expect(await anonymous(method, path), `${method} ${path}`).toMatchObject({
      status: 401,
      json: { code: 'auth.required', error: expect.any(String), requestId: expect.any(String) },
    });
  }
});

test('every route names its scopes, and is closed to a key that lacks one of them', async ({
  service,
}) => {
  for (const { method, path, scopes } of await routes(service, { id: 'default', alias: 'a' })) {
    expect(scopes, `${method} ${path}`).not.toEqual([]);
    for (const scope of scopes) {
      const others = SCOPES.filter((one) => one !== scope);
      const call = caller(service.url, await addKey(service.database, { scopes: others }));
      expect(await call(method, path), `${method} ${path}`).toMatchObject({
        status: 403,
        json: { code: 'auth.forbidden', details: { scope } },
      });
    }
  }
});

test("another organization's things are not found", async ({ service }) => {
  const workspace = await createWorkspace(service);
  for (const { method, path, hasBody } of await routes(service, { id: workspace.id, alias: 'a' })) {
    if (!path.startsWith('/v1/workspaces/')) continue;
    const answer = await service.callAsOther(method, path, hasBody ? bodyFor(path) : undefined);
    expect(answer, `${method} ${path}`).toMatchObject({
      status: 404,
      json: { code: 'workspace.not_found' },
    });
  }
  expect(await service.call('GET', `/v1/workspaces/${workspace.id}`)).toMatchObject({
    status: 200,
  });
});

function bodyFor(path: string): object {
  if (path.endsWith('/runtimes')) return { alias: 'a', kind: 'browser' };
  if (path.endsWith('/mcp')) return { jsonrpc: '2.0', id: 1, method: 'ping' };
  if (path.endsWith('/start')) return { recording: true };
  if (path.endsWith('/execute')) return { runtime: 'a', steps: [{ call: 'page.title' }] };
  if (path.endsWith('/proxy')) return { proxy: null };
  if (path.endsWith('/control')) return { holder: 'agent' };
  if (path.endsWith('/control/request')) return { reason: 'r' };
  if (path.endsWith('/files')) return { namespace: 'n', path: 'p' };
  if (/\/(?:screenshot|pdf|content)$/.test(path)) return { html: 'h' };
  if (path.endsWith('/scrape')) return { html: 'h', elements: { a: { selector: 'a' } } };
  return /\/(?:connections|wait|solve|live)$/.test(path) ? {} : { name: 'n' };
}

test('an invalid body is refused, and the refusal names the field', async ({ service }) => {
  for (const route of await routes(service, { id: 'default', alias: 'a' })) {
    const { method, path, hasBody, statuses } = route;
    if (!hasBody) continue;
    for (const body of ['{"alias":', '[]', 'null', '7', '{"surprise":1}']) {
      const answer = await service.call(method, path, body);
      expect(answer, `${method} ${path} ${body}`).toMatchObject({
        status: 400,
        json: { code: 'request.invalid' },
      });
    }
    const unknown = await service.call(method, path, { surprise: 1 });
    if (method === 'PATCH') {
      expect(unknown.json.details.issues).toContainEqual(
        expect.objectContaining({ in: 'body', path: 'surprise' }),
      );
    }
    expect(statuses).toEqual(expect.arrayContaining(['400', '413', '415']));
    const form = await fetch(service.url + path, {
      method,
      headers: { authorization: `Bearer ${service.apiKey}` },
      body: new URLSearchParams({ alias: 'a' }),
    });
    expect(form.status).toBe(415);
  }
});

test('a body of more than a megabyte is refused', async ({ service }) => {
  const answer = await service.call('POST', '/v1/workspaces', { name: 'x'.repeat(1024 * 1024) });
  expect(answer).toMatchObject({ status: 413, json: { code: 'request.too_large' } });
});

test('an unknown route answers 404 with the same body', async ({ service }) => {
  expect(await service.call('GET', '/v1/nothing')).toMatchObject({
    status: 404,
    json: { code: 'route.not_found', requestId: expect.any(String) },
  });
});

test('every answer has a request id: that of the caller, if it is harmless', async ({
  service,
}) => {
  const get = (id: string) =>
    fetch(`${service.url}/v1/nothing`, { headers: { 'x-request-id': id } });
  expect((await get('trace-7')).headers.get('x-request-id')).toBe('trace-7');
  const replaced = await get('no "good" id');
  const id = replaced.headers.get('x-request-id');
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
});

test('odd references and parameters are refused, never answered with 500', async ({ service }) => {
  const far = Buffer.from('-000005-01-01T00:00:00.000Z 11111111-1111-4111-8111-111111111111');
  const odd: [string, string, number][] = [
    ['GET', '/v1/workspaces/%00', 404],
    ['GET', '/v1/workspaces/default/runtimes/a%00b', 404],
    ['POST', '/v1/workspaces/default/runtimes/a%00b/stop', 404],
    ['GET', '/v1/workspaces/%E0%A4%A', 404],
    ['GET', `/v1/workspaces?cursor=${far.toString('base64url')}`, 400],
    ['GET', '/v1/workspaces?lmit=1', 400],
    ['GET', '/v1/workspaces/default/runtimes?staus=failed', 400],
    ['GET', '/docs/constructor', 404],
    ['GET', '/docs/__proto__', 404],
    ['GET', '/docs/..%2f..%2fpackage.json', 404],
  ];
  for (const [method, path, status] of odd) {
    expect(await service.call(method, path), path).toMatchObject({ status });
  }
});

test('a request that offers to upgrade to h2c is answered over HTTP/1.1', async ({ service }) => {
  const { hostname, port } = new URL(service.url);
  const asked = request({
    hostname,
    port,
    path: '/healthz',
    headers: {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABk',
    },
  }).end();
  const [response] = await once(asked, 'response');
  response.resume();
  expect(response.statusCode).toBe(200);
});
