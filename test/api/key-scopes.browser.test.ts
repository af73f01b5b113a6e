import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { caller } from '../support/http.ts';
import { addKey } from '../support/keys.ts';
import { createWorkspace, test } from '../support/test.ts';

/** The status that a websocket is refused with; 101 when it opens. */
function handshake(address: string, key: string): Promise<number> {
  const socket = new WebSocket(address, { headers: { authorization: `Bearer ${key}` } });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(101));
    socket.once('unexpected-response', (_, { statusCode = 0 }) => resolve(statusCode));
    socket.once('error', reject);
  }).then((status) => {
    socket.terminate();
    return Number(status);
  });
}

test('a key without the scope to connect is shown no connection address', async ({
  service,
  workspace,
}) => {
  const made = await workspace.create();
  const watching = await addKey(service.database, { scopes: ['runtimes:read', 'runtimes:write'] });
  const driving = await addKey(service.database, { scopes: ['runtimes:connect'] });
  const call = caller(service.url, watching);
  const path = `${workspace.runtimes}/${made.id}`;
  const seen = await call('GET', path);
  expect(seen).toMatchObject({ status: 200, json: { status: 'active' } });
  expect(seen.json.connection).toBeUndefined();
  const list = await call('GET', workspace.runtimes);
  expect(list.json.runtimes[0].connection).toBeUndefined();
  const forbidden = { status: 403, json: { code: 'auth.forbidden' } };
  expect(await call('POST', `${path}/connections`, {})).toMatchObject(forbidden);
  expect(await call('GET', `${path}/cdp/json/version`)).toMatchObject(forbidden);

  const address = service.url.replace('http', 'ws') + `${path}/cdp`;
  expect(await handshake(address, watching)).toBe(403);
  expect(await handshake(address, driving)).toBe(101);
  const inOneStep = service.url.replace('http', 'ws') + `/v1/workspaces/${workspace.id}/connect`;
  expect(await handshake(inOneStep, watching)).toBe(403);
  expect(await handshake(inOneStep, driving)).toBe(403);
});

test('a ticket admits whoever has it, whatever the scopes of their key', async ({
  service,
  workspace,
}) => {
  const { connection } = await workspace.create();
  const nobody = await addKey(service.database, { scopes: ['extensions:read'] });
  expect(await handshake(connection.cdpUrl, nobody)).toBe(101);
});

test('a key that is limited to workspaces does not find the runtimes of others', async ({
  service,
  workspace,
}) => {
  const hidden = await createWorkspace(service);
  const theirs = await hidden.create();
  const key = await addKey(service.database, { workspaceIds: [workspace.id] });
  const call = caller(service.url, key);
  expect(await call('POST', `${hidden.runtimes}/${theirs.id}/stop`)).toMatchObject({
    status: 404,
    json: { code: 'workspace.not_found' },
  });
  const address = service.url.replace('http', 'ws') + `${hidden.runtimes}/${theirs.id}/cdp`;
  expect(await handshake(address, key)).toBe(404);
  const made = await call('POST', `/v1/workspaces/${workspace.name}/runtimes`, {
    alias: 'mine',
    kind: 'browser',
  });
  expect(made).toMatchObject({ status: 200, json: { workspaceId: workspace.id } });
  await service.call('DELETE', `/v1/workspaces/${hidden.id}?force=true`);
});
