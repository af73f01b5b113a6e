import manifest from '../../package.json' with { type: 'json' };
import { expect } from 'vitest';
import { caller } from '../support/http.ts';
import { test } from '../support/api-test.ts';

test('the refusal of a misspelt field names the field that was meant, in bodies and queries', async ({
  service,
  workspace,
}) => {
  const body = {
    alias: 'a',
    kind: 'browser',
    lunch: {},
    idleTimeout: 5,
    banana: 1,
    launch: { mode: 'ephemeral', extension_ids: [], config: { solveCaptcha: true } },
  };
  const refused = await service.call('POST', workspace.runtimes, body);
  expect(refused).toMatchObject({ status: 400, json: { code: 'request.invalid' } });
  const messages = new Map(
    refused.json.details.issues.map((issue: { path: string; message: string }) => [
      issue.path,
      issue.message,
    ]),
  );
  expect(Object.fromEntries(messages)).toEqual({
    lunch: 'There is no such field; did you mean "launch"?',
    idleTimeout: 'There is no such field',
    banana: 'There is no such field',
    'launch.extension_ids': 'There is no such field; did you mean "extensionIds"?',
    'launch.config.solveCaptcha': 'There is no such field; did you mean "solveCaptchas"?',
  });
  expect((await service.call('GET', '/v1/workspaces?lmit=1')).json).toMatchObject({
    details: { issues: [{ in: 'query', path: 'lmit', message: expect.stringContaining('limit') }] },
  });
});

test('the refusal of an unknown kind or mode lists the known ones', async ({
  service,
  workspace,
}) => {
  const refusal = async (body: object) =>
    (await service.call('POST', workspace.runtimes, { alias: 'a', ...body })).json.error;
  expect(await refusal({ kind: 'desktop' })).toBe(
    'The request is not valid: kind: Must be "browser"',
  );
  expect(await refusal({ kind: 'browser', launch: { mode: 'x' } })).toBe(
    'The request is not valid: launch.mode: Must be one of "profile", "ephemeral"',
  );
});

test('a method that a path does not have is answered 405, with the methods that it has', async ({
  service,
}) => {
  for (const [method, path, allow] of [
    ['PUT', '/v1/workspaces', 'GET, HEAD, POST'],
    ['DELETE', '/v1/workspaces/default/runtimes', 'GET, HEAD, POST'],
    ['PATCH', '/v1/browser-profiles', 'GET, HEAD, POST'],
    ['GET', '/v1/workspaces/default/runtimes/a/stop', 'POST'],
    ['POST', '/healthz', 'GET, HEAD'],
  ] as const) {
    const answer = await service.call(method, path);
    expect(answer, `${method} ${path}`).toMatchObject({
      status: 405,
      json: { code: 'route.method_not_allowed', error: expect.stringContaining(allow) },
    });
    expect(answer.headers.get('allow')).toBe(allow);
  }
});

test('the root address redirects a person to the console, and tells a program where it is', async ({
  service,
}) => {
  const asPerson = await fetch(service.url, {
    headers: { accept: 'text/html,application/xhtml+xml' },
    redirect: 'manual',
  });
  expect(asPerson.status).toBe(302);
  expect(asPerson.headers.get('location')).toBe('console');
  const asProgram = await caller(service.url, undefined)('GET', '/');
  expect(asProgram).toMatchObject({
    status: 200,
    json: { name: 'bctrl', version: manifest.version, docs: '/docs', openapi: '/openapi.json' },
  });
});

test('the version is in health and metrics, and what monitors ask is not logged', async ({
  service,
}) => {
  expect((await service.call('GET', '/healthz')).json).toEqual({
    status: 'ok',
    version: manifest.version,
  });
  expect((await service.call('GET', '/metrics')).text).toMatch(
    new RegExp(`^bctrl_build_info\\{version="${manifest.version}",.*\\} 1$`, 'm'),
  );
  await service.call('GET', '/readyz');
  await service.call('GET', '/v1/workspaces');
  const paths = service.logged
    .map((line) => JSON.parse(line))
    .filter(({ status }) => status === 200)
    .map(({ path }) => path);
  expect(paths).toContain('/v1/workspaces');
  for (const probe of ['/healthz', '/readyz', '/metrics']) expect(paths).not.toContain(probe);
});

test('a query that is no percent-encoded UTF-8 is refused, and not taken literally', async ({
  service,
}) => {
  for (const query of ['path=%ff', 'path=%', 'path=%zz']) {
    expect(await service.call('GET', `/v1/storage/nowhere/files?${query}`)).toMatchObject({
      status: 400,
      json: { code: 'request.invalid', details: { issues: [{ in: 'query' }] } },
    });
  }
  expect(
    (await service.call('GET', '/v1/workspaces?cursor=%20')).json.details.issues,
  ).toMatchObject([{ in: 'query', path: 'cursor' }]);
});
