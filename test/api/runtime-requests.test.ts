import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { test } from '../support/api-test.ts';

const ephemeral = (rest: object) => ({
  alias: 'a',
  kind: 'browser',
  launch: { mode: 'ephemeral', ...rest },
});
const proxy = { host: 'proxy.example', port: 8080, type: 'http' };
const withProxy = (rest: object) => ephemeral({ config: { proxy: { ...proxy, ...rest } } });

test.for<[string, string, unknown]>([
  ['an empty body', 'kind', {}],
  ['no alias', 'alias', { kind: 'browser' }],
  ['no kind', 'kind', { alias: 'a' }],
  ['a kind that is not served', 'kind', { alias: 'a', kind: 'desktop' }],
  ['an unknown driver', 'driver', { alias: 'a', kind: 'browser', driver: 'cypress' }],
  ['an alias with a slash', 'alias', { alias: 'a/b', kind: 'browser' }],
  ['an alias that is too long', 'alias', { alias: 'a'.repeat(129), kind: 'browser' }],
  ['a misspelt field', 'lunch', { alias: 'a', kind: 'browser', lunch: {} }],
  ['a misspelt proxy', 'launch.config.prxy', ephemeral({ config: { prxy: proxy } })],
  ['a misspelt config', 'launch.konfig', ephemeral({ konfig: {} })],
  ['an unknown mode', 'launch.mode', { alias: 'a', kind: 'browser', launch: { mode: 'x' } }],
  ['a proxy port out of range', 'launch.config.proxy.port', withProxy({ port: 70_000 })],
  ['a proxy port that is text', 'launch.config.proxy.port', withProxy({ port: '80' })],
  ['a username alone', 'launch.config.proxy.password', withProxy({ username: 'u' })],
  ['a password alone', 'launch.config.proxy.username', withProxy({ password: 'p' })],
  [
    'a username that http cannot carry',
    'launch.config.proxy.username',
    withProxy({ username: 'a:b', password: '' }),
  ],
  [
    'a password that socks5 cannot carry',
    'launch.config.proxy.password',
    withProxy({ type: 'socks5', username: 'a', password: 'ü'.repeat(128) }),
  ],
  ['a host with a space', 'launch.config.proxy.host', withProxy({ host: 'a b' })],
  ['a proxy port of 0', 'launch.config.proxy.port', withProxy({ port: 0 })],
  [
    'an egress rule that is none',
    'egress.deny.1',
    { ...ephemeral({}), egress: { deny: ['*', 'a b'] } },
  ],
  ['a misspelt egress field', 'egress.dny', { ...ephemeral({}), egress: { dny: [] } }],
  ['an unknown type of proxy', 'launch.config.proxy.type', withProxy({ type: 'ftp' })],
  ['a host with a flag in it', 'launch.config.proxy.host', withProxy({ host: 'h --x=/' })],
  ['a host that is a flag', 'launch.config.proxy.host', withProxy({ host: '--x' })],
  ['extensions that are no list', 'launch.extensionIds', ephemeral({ extensionIds: 'x' })],
  [
    'a persona that is no integer',
    'launch.config.humanizePersonaId',
    ephemeral({ config: { humanizePersonaId: 1.5 } }),
  ],
  [
    'a persona below 0',
    'launch.config.humanizePersonaId',
    ephemeral({ config: { humanize: true, humanizePersonaId: -1 } }),
  ],
  [
    'a persona out of range',
    'launch.config.humanizePersonaId',
    ephemeral({ config: { humanize: true, humanizePersonaId: 2 ** 31 } }),
  ],
  [
    'a persona without humanize',
    'launch.config.humanizePersonaId',
    ephemeral({ config: { humanizePersonaId: 1 } }),
  ],
  [
    'a persona beside humanize: false',
    'launch.config.humanizePersonaId',
    ephemeral({ config: { humanize: false, humanizePersonaId: 1 } }),
  ],
  [
    'a profile id that is none',
    'launch.profileId',
    { alias: 'a', kind: 'browser', launch: { mode: 'profile', profileId: 'x' } },
  ],
])('%s is refused at %s', async ([, path, body], { service, workspace }) => {
  const answer = await service.call('POST', workspace.runtimes, body);
  expect(answer).toMatchObject({ status: 400, json: { code: 'request.invalid' } });
  expect(answer.json.details.issues).toContainEqual({
    in: 'body',
    path,
    message: expect.any(String),
  });
});

test.for(['x', randomUUID()])(
  'an extension %s that is not there is not found',
  async (extensionId, { service, workspace }) => {
    const body = ephemeral({ extensionIds: [extensionId] });
    expect(await service.call('POST', workspace.runtimes, body)).toMatchObject({
      status: 404,
      json: { code: 'extension.not_found', details: { extensionId } },
    });
  },
);

test('a refused create leaves no runtime behind', async ({ service, workspace }) => {
  await service.call('POST', workspace.runtimes, { alias: 'a', kind: 'x' });
  await service.call('POST', workspace.runtimes, withProxy({ port: 0 }));
  expect((await service.call('GET', workspace.runtimes)).json).toEqual({ runtimes: [] });
});

test('runtimes of an unknown workspace are not found', async ({ service }) => {
  for (const ref of [randomUUID(), 'nowhere']) {
    const path = `/v1/workspaces/${ref}/runtimes`;
    expect(await service.call('POST', path, { alias: 'a', kind: 'browser' })).toMatchObject({
      status: 404,
      json: { code: 'workspace.not_found' },
    });
  }
});

test.for(['GET', 'DELETE', 'POST'])(
  '%s of an unknown runtime is 404',
  async (method, { service, workspace }) => {
    for (const ref of [randomUUID(), 'nothing']) {
      const path = `${workspace.runtimes}/${ref}${method === 'POST' ? '/stop' : ''}`;
      expect(await service.call(method, path)).toMatchObject({
        status: 404,
        json: { code: 'runtime.not_found' },
      });
    }
  },
);

test('an unknown status to filter by is refused', async ({ service, workspace }) => {
  expect(await service.call('GET', `${workspace.runtimes}?status=done`)).toMatchObject({
    status: 400,
    json: { details: { issues: [{ in: 'query', path: 'status' }] } },
  });
});
