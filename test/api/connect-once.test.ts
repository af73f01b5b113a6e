import { expect } from 'vitest';
import { refusalOf } from '../support/cdp.ts';
import { connectOnceUrl } from '../support/connect-once.ts';
import { caller } from '../support/http.ts';
import type { TestService } from '../support/service.ts';
import { test, testWith } from '../support/api-test.ts';
import type { TestWorkspace } from '../support/test.ts';

const limitedTest = testWith({ rateLimitPerMinute: 3 });

function addressOf(service: TestService, workspace: Pick<TestWorkspace, 'id'>, query = ''): string {
  return connectOnceUrl(service, workspace) + query;
}

const inQuery = (issue: object) => ({ ...issue, in: 'query' });

test('a query is refused in the same words as the body of a create', async ({
  service,
  workspace,
}) => {
  const authorization = `Bearer ${service.apiKey}`;
  for (const fields of [
    { alias: '-' },
    { driver: 'lynx' },
    { kind: 'desktop' },
    { idleTimeoutSeconds: 0 },
    { idleTimeoutSeconds: 1e9 },
    { idleTimeoutSeconds: 'abc' },
    { maxDurationSeconds: 1.5 },
    { launch: { mode: 'x' } },
    { launch: { mode: 'profile', profileId: 'mine' } },
    { launch: { mode: 'ephemeral', config: { humanizePersonaId: 7 } } },
    { launch: { mode: 'ephemeral', config: { proxy: { host: 'a b', port: 0, type: 'ftp' } } } },
    { egress: { allow: ['http://x'] } },
    { lunch: 'x', idle_timeout_seconds: 5, banana: 'x' },
    { launch: { mode: 'ephemeral', extension_ids: [] } },
  ]) {
    const body = { alias: 'a', kind: 'browser', ...fields };
    const posted = await service.call('POST', workspace.runtimes, body);
    const refused = await refusalOf(connectOnceUrl(service, workspace, fields), {
      authorization,
    });
    expect(posted, JSON.stringify(fields)).toMatchObject({ status: 400 });
    expect(refused, JSON.stringify(fields)).toMatchObject({
      status: 400,
      json: {
        code: posted.json.code,
        error: posted.json.error,
        details: { issues: posted.json.details.issues.map(inQuery) },
      },
    });
  }
});

test('mistakes that only a query can have are refused, and the refusal names the parameter', async ({
  service,
  workspace,
}) => {
  const authorization = `Bearer ${service.apiKey}`;
  for (const [query, path, message] of [
    ['?launch=%7B', 'launch', 'Must be percent-encoded JSON'],
    ['?launch=ephemeral', 'launch', 'Must be percent-encoded JSON'],
    ['?egress=', 'egress', 'Must be percent-encoded JSON'],
    ['?alias=a&alias=b', 'alias', 'Given twice'],
    ['?keepAlive=yes', 'keepAlive', 'Invalid input: expected boolean, received string'],
    ['?keepalive=true', 'keepalive', 'There is no such field; did you mean "keepAlive"?'],
  ] as const) {
    const refused = await refusalOf(addressOf(service, workspace, query), { authorization });
    expect(refused, query).toMatchObject({
      status: 400,
      json: { code: 'request.invalid', details: { issues: [{ in: 'query', path, message }] } },
    });
  }
});

test('the key comes in the header or as a token, and not in both', async ({
  service,
  workspace,
}) => {
  const at = (query: string) => addressOf(service, workspace, query);
  for (const query of ['', '?token=wrong', '?token=', '?token=a%0Ab']) {
    const refused = await refusalOf(at(query));
    expect(refused, query).toMatchObject({ status: 401, json: { code: 'auth.required' } });
    expect(refused.headers['www-authenticate']).toBe('Bearer');
  }
  const both = await refusalOf(at(`?token=${service.apiKey}`), {
    authorization: `Bearer ${service.apiKey}`,
  });
  expect(both).toMatchObject({
    status: 400,
    json: { details: { issues: [{ in: 'query', path: 'token' }] } },
  });
  expect(JSON.stringify(both.json)).not.toContain(service.apiKey);
  // With the right key, the next mistake is refused.
  expect(await refusalOf(at(`?token=${service.apiKey}&alias=-`))).toMatchObject({ status: 400 });
  expect(await refusalOf(at(`?token=${service.apiKey}&token=x`))).toMatchObject({
    status: 400,
    json: { details: { issues: [{ path: 'token', message: 'Given twice' }] } },
  });
});

test("another organization's workspaces and unknown ones are not found", async ({ service }) => {
  const made = await service.callAsOther('POST', '/v1/workspaces', { name: 'theirs' });
  const authorization = `Bearer ${service.apiKey}`;
  for (const id of [made.json.id, 'theirs', 'nothing', '%00', '..%2fdefault']) {
    const refused = await refusalOf(connectOnceUrl(service, { id }), {
      authorization,
      'x-request-id': 'trace-8',
    });
    expect(refused, id).toMatchObject({
      status: 404,
      json: { code: 'workspace.not_found', requestId: 'trace-8' },
    });
    expect(refused.headers['x-request-id']).toBe('trace-8');
  }
});

test('a request without an upgrade is told that the path needs a websocket', async ({
  service,
  workspace,
}) => {
  const path = `/v1/workspaces/${workspace.id}/connect`;
  const answer = await service.call('GET', path);
  expect(answer).toMatchObject({
    status: 426,
    json: { code: 'request.upgrade_required', hint: expect.stringContaining('wss://') },
  });
  expect(answer.headers.get('upgrade')).toBe('websocket');
  expect(answer.headers.get('connection')).toBe('Upgrade');
  const anonymous = caller(service.url, undefined);
  const opened = await anonymous('GET', `${path}?token=${service.apiKey}`);
  expect(opened).toMatchObject({ status: 426 });
  expect(opened.headers.get('cache-control')).toBe('no-store');
  expect(opened.headers.get('referrer-policy')).toBe('no-referrer');
  expect(await service.call('GET', `${path}?idleTimeoutSeconds=abc`)).toMatchObject({
    status: 400,
  });
  const headers = { authorization: `Bearer ${service.apiKey}` };
  const looked = await fetch(service.url + path, { method: 'HEAD', headers });
  expect(looked.status).toBe(426);
  const posted = await service.call('POST', path);
  expect(posted).toMatchObject({ status: 405 });
  expect(posted.headers.get('allow')).toBe('GET, HEAD');
});

test('no key is logged, however it was sent', async ({ service, workspace }) => {
  const wrong = 'bctrl_a-key-that-was-mistyped';
  const path = `/v1/workspaces/${workspace.id}/connect`;
  for (const query of [`?token=${service.apiKey}&alias=-`, `?token=${wrong}`, `?tokn=${wrong}`]) {
    await refusalOf(addressOf(service, workspace, query));
    await fetch(`${service.url}${path}${query}`);
  }
  await fetch(`${service.url}/v1/connect?token=${wrong}`);
  const log = service.logged.join();
  expect(log).toContain(`"path":"${path}"`);
  expect(log).not.toContain(service.apiKey);
  expect(log).not.toContain(wrong);
});

test('the reference lists the parameters: text and numbers as they are, others as JSON', async ({
  service,
}) => {
  const { json } = await service.call('GET', '/openapi.json');
  const { parameters, responses } = json.paths['/v1/workspaces/{id}/connect'].get;
  const of = (name: string) =>
    parameters.find((parameter: { name: string }) => parameter.name === name);
  expect(of('idleTimeoutSeconds')).toMatchObject({
    in: 'query',
    required: false,
    schema: { type: 'integer', minimum: 1, maximum: 1000 },
  });
  expect(of('kind')).toMatchObject({ required: false, schema: { default: 'browser' } });
  expect(of('keepAlive')).toMatchObject({ schema: { type: 'boolean', default: false } });
  for (const name of ['launch', 'egress']) {
    expect(of(name), name).toMatchObject({
      in: 'query',
      required: false,
      content: { 'application/json': { schema: expect.any(Object) } },
    });
    expect(of(name)).not.toHaveProperty('schema');
  }
  expect(Object.keys(responses)).toEqual(
    expect.arrayContaining(['101', '400', '401', '404', '409', '426', '429', '502', '503']),
  );
});

limitedTest('it counts as a request of its key', async ({ service, workspace }) => {
  const key = `Bearer ${service.apiKey}`;
  const ask = () => refusalOf(addressOf(service, workspace, '?alias=-'), { authorization: key });
  const answers = [await ask(), await ask(), await ask()];
  expect(answers.map(({ status }) => status)).toContain(400);
  expect(await ask()).toMatchObject({
    status: 429,
    headers: { 'retry-after': expect.any(String), 'ratelimit-remaining': '0' },
    json: { code: 'request.rate_limited' },
  });
});
