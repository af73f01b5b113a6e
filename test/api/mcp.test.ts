import { expect } from 'vitest';
import { z } from 'zod';
import { TOOL_OPERATIONS } from '../../src/api/mcp/operations.ts';
import { playwrightTools } from '../../src/runtime-manager/index.ts';
import { test } from '../support/api-test.ts';
import { caller } from '../support/http.ts';
import { addKey } from '../support/keys.ts';
import { connectMcp, toolNames } from '../support/mcp-client.ts';

const MESSAGE = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const ACCEPT = 'application/json, text/event-stream';

/** What is no work for a model: uploads and downloads, streams, and the service's own operation. */
const NO_TOOLS =
  /^(?:health|readiness|one-shot-pdf|metrics|doctor|capacity|mcp|runtimes-mcp|workspaces-(?:connect|update|delete)|(?:api-keys|audit|nodes|webhooks|storage|files|browser-extensions)-.*|(?!one-shot).*(?:-stream|-video|-marks|-content|-stage)|runtime-recording-.*|runtime-files-delete|recordings-delete|browser-profiles-(?!create|list|get).*)$/;

test('every operation is a tool of the service, or is left out on purpose', async ({ service }) => {
  const { paths } = (await service.call('GET', '/openapi.json')).json;
  const ids = Object.values<Record<string, { operationId: string }>>(paths)
    .flatMap((methods) => Object.values(methods))
    .map(({ operationId }) => operationId);
  const tools = await toolNames(await connectMcp(`${service.url}/v1/mcp`, service.apiKey));
  expect(tools.toSorted()).toEqual([...TOOL_OPERATIONS].toSorted());
  expect(ids.filter((id) => !tools.includes(id) && !NO_TOOLS.test(id))).toEqual([]);
  expect(tools.filter((id) => NO_TOOLS.test(id))).toEqual([]);
});

test('a tool of the service takes path, query and body as one, and answers as the API does', async ({
  service,
  workspace: { id },
}) => {
  const client = await connectMcp(`${service.url}/v1/mcp`, service.apiKey);
  const call = (name: string, args: object) =>
    client.callTool({ name, arguments: { id, ...args } });
  const create = { alias: 'by-mcp', kind: 'browser', idempotencyKey: 'once' };
  const made = await call('runtimes-create', create);
  expect(made).toMatchObject({ isError: false, structuredContent: { alias: 'by-mcp' } });
  expect(await call('runtimes-create', create)).toEqual(made);
  const listed = await call('runtimes-list', { limit: 1 });
  expect(listed.structuredContent).toMatchObject({ runtimes: [{ alias: 'by-mcp' }] });
  expect(await call('runtimes-get', { alias: 'none' })).toMatchObject({
    isError: true,
    structuredContent: { code: 'runtime.not_found', requestId: expect.any(String) },
  });
  for (const [name, args] of [
    ['runtimes-get', {}],
    ['runtimes-get', { alias: '..' }],
    ['runtimes-get', { alias: '\ud800' }],
    ['runtimes-get', { alias: 'by-mcp', surprise: 1 }],
    ['runtimes-stop', { alias: 'by-mcp', idempotencyKey: 'a\nb' }],
  ] as const) {
    const [{ text }] = z
      .tuple([z.object({ text: z.string() })])
      .parse((await call(name, args)).content);
    expect(JSON.parse(text)).toMatchObject({ code: 'request.invalid' });
  }
  expect((await call('runtimes-stop', { alias: 'by-mcp' })).structuredContent).toMatchObject({
    status: 'stopped',
  });
});

test('a key has only the tools that its scopes allow', async ({ service }) => {
  const key = await addKey(service.database, { scopes: ['runtimes:read', 'workspaces:read'] });
  const client = await connectMcp(`${service.url}/v1/mcp`, key);
  const tools = await toolNames(client);
  expect(tools).toEqual(expect.arrayContaining(['runtimes-list', 'workspaces-list']));
  expect(tools.filter((name) => /create|stop|screenshot/.test(name))).toEqual([]);
  await expect(client.callTool({ name: 'runtimes-stop' })).rejects.toThrow(
    'Unknown tool: runtimes-stop',
  );
});

test("a runtime has Playwright's tools, by a key or by a URL alone", async ({
  service,
  workspace: { runtimes, create },
}) => {
  const { id, connection } = await create();
  const byKey = await connectMcp(`${service.url}${runtimes}/${id}/mcp`, service.apiKey);
  const byUrl = await connectMcp(connection.mcpUrl);
  for (const client of [byKey, byUrl]) {
    expect((await client.listTools()).tools).toMatchObject(playwrightTools());
    const call = { name: 'browser_navigate', arguments: { url: 'http://a.test' } };
    // The node without browsers answers with what it was asked.
    const content = [{ type: 'text', text: JSON.stringify(call) }];
    expect(await client.callTool(call)).toEqual({ content, isError: false });
    await expect(client.callTool({ name: 'browser_run_code_unsafe' })).rejects.toThrow(
      'Unknown tool',
    );
  }
  const { json } = await service.call('GET', `${runtimes}/${id}/connections`);
  const own = json.connections.find(({ protocol }: { protocol: string }) => protocol === 'mcp');
  expect(own).toMatchObject({ access: 'control', lastActivityAt: expect.any(String) });
  await service.call('DELETE', `${runtimes}/${id}/connections/${own.id}`);
  await expect(byUrl.listTools()).rejects.toThrow('connection.revoked');
  const next = (await service.call('GET', `${runtimes}/${id}`)).json.connection.mcpUrl;
  expect(next).not.toBe(connection.mcpUrl);
  expect(await toolNames(await connectMcp(next))).toContain('browser_snapshot');
  await service.call('POST', `${runtimes}/${id}/stop`);
  await expect(byKey.listTools()).rejects.toThrow('runtime.not_active');
});

test('a connection of protocol mcp can be made, though not to observe', async ({
  service,
  workspace: { runtimes, create },
}) => {
  const { id } = await create();
  const make = (body: object) => service.call('POST', `${runtimes}/${id}/connections`, body);
  const { json } = await make({ protocol: 'mcp' });
  expect(await toolNames(await connectMcp(json.url))).toContain('browser_snapshot');
  expect(await make({ protocol: 'mcp', access: 'observe' })).toMatchObject({
    status: 400,
    json: { details: { issues: [{ in: 'body', path: 'access' }] } },
  });
});

async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: ACCEPT, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

function told(status: number, text: string) {
  return { status, text: expect.stringContaining(text) };
}

test('a client that speaks something else is told so', async ({
  service,
  workspace: { runtimes, create },
}) => {
  const { id, connection } = await create();
  const { mcpUrl, webdriverUrl } = connection;
  expect(await post(mcpUrl, MESSAGE)).toEqual(told(200, '"browser_snapshot"'));
  expect(await post(mcpUrl, [MESSAGE, { ...MESSAGE, id: 2 }])).toEqual(told(200, '"id":2'));
  expect(await post(mcpUrl, { jsonrpc: '2.0', method: 'notifications/initialized' })).toEqual(
    told(202, ''),
  );
  expect(await post(mcpUrl, { ...MESSAGE, method: 'surprise' })).toEqual(told(200, '-32601'));
  expect(await post(mcpUrl, '{"jsonrpc":')).toEqual(told(400, 'request.invalid'));
  expect(await post(mcpUrl, { surprise: 1 })).toEqual(told(400, 'request.invalid'));
  expect(await post(mcpUrl, MESSAGE, { accept: 'text/html' })).toEqual(told(406, '-32000'));
  expect(await post(mcpUrl, MESSAGE, { 'content-type': 'text/plain' })).toEqual(
    told(415, 'request.unsupported_media_type'),
  );
  expect(await post(mcpUrl, 'x'.repeat(1_000_001))).toEqual(told(413, 'request.too_large'));
  expect(await post(`${webdriverUrl}/mcp`, MESSAGE)).toEqual(
    told(400, 'This is the webdriverUrl of a runtime: clients of MCP take its mcpUrl.'),
  );
  expect(await post(mcpUrl.replace(/mcp$/, 'json'), MESSAGE)).toEqual(
    told(400, 'give clients the whole mcpUrl'),
  );
  expect(await post(mcpUrl.replace(/.\/mcp$/, '/mcp'), MESSAGE)).toEqual(
    told(401, 'connection.ticket_invalid'),
  );
  const byKey = `${runtimes}/${id}/mcp`;
  for (const method of ['GET', 'DELETE']) {
    expect((await caller(mcpUrl, undefined)(method, '')).status).toBe(405);
    const answer = await service.call(method, byKey);
    expect(answer).toMatchObject({ status: 405, json: { code: 'route.method_not_allowed' } });
  }
});
