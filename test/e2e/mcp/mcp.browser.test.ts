import { expect } from 'vitest';
import { z } from 'zod';
import { connectMcp, toolNames } from '../../support/mcp-client.ts';
import { openSite, serveSite } from '../../support/site.ts';
import { test } from '../../support/test.ts';

const Content = z.array(z.union([z.object({ text: z.string() }), z.object({ data: z.string() })]));

function textOf({ content }: { content: unknown }): string {
  return Content.parse(content)
    .map((part) => ('text' in part ? part.text : ''))
    .join('\n');
}

function picturesIn({ content }: { content: unknown }): Buffer[] {
  return Content.parse(content).flatMap((part) =>
    'data' in part ? [Buffer.from(part.data, 'base64')] : [],
  );
}

/** How long a call may take by itself. */
const CALL_LIMIT_MS = 60_000;
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);

test('a client of MCP drives a runtime, by a key or by its URL, and gets pictures and files', async ({
  service,
  workspace: { runtimes, create },
}) => {
  const site = await openSite();
  const { id, connection } = await create();
  const byUrl = await connectMcp(connection.mcpUrl);
  const byKey = await connectMcp(`${service.url}${runtimes}/${id}/mcp`, service.apiKey);
  const opened = await byUrl.callTool({ name: 'browser_navigate', arguments: { url: site } });
  const [, ref] = /textbox "Name".*\[ref=(\w+)\]/.exec(textOf(opened)) ?? [];
  // Another client, on the same page.
  const typed = { target: ref, text: 'Ada' };
  expect(await byKey.callTool({ name: 'browser_type', arguments: typed })).toMatchObject({
    isError: false,
  });
  const greet = { target: 'getByRole("button", { name: "Greet" })' };
  const greeted = await byUrl.callTool({ name: 'browser_click', arguments: greet });
  expect(textOf(greeted)).toContain('Hello Ada');
  const large = { function: '() => "x".repeat(51_000_000)' };
  const refused = await byUrl.callTool({ name: 'browser_evaluate', arguments: large });
  expect(refused).toMatchObject({ isError: true });
  expect(textOf(refused).slice(0, 1000)).toContain('larger than');
  const [picture] = picturesIn(await byUrl.callTool({ name: 'browser_take_screenshot' }));
  expect(picture?.subarray(0, 4)).toEqual(PNG);
  const saved = await byKey.callTool({
    name: 'browser_pdf_save',
    arguments: { filename: 'page.pdf' },
  });
  const [url = ''] = /http\S+\/content/.exec(textOf(saved)) ?? [];
  const content = await fetch(url, { headers: { authorization: `Bearer ${service.apiKey}` } });
  expect(content.headers.get('content-type')).toBe('application/pdf');
  expect(await content.text()).toContain('%PDF');
});

test('a call whose client hangs up is in the way of no other', async ({
  workspace: { create },
}) => {
  const began = Promise.withResolvers<void>();
  const url = await serveSite(({ url: path }, response) => {
    if (path === '/began') began.resolve();
    response.end('here');
  });
  const { connection } = await create();
  const client = await connectMcp(connection.mcpUrl);
  await client.callTool({ name: 'browser_navigate', arguments: { url } });
  const endless = "async () => { await fetch('/began'); await new Promise(() => {}); }";
  const params = { name: 'browser_evaluate', arguments: { function: endless } };
  const gone = new AbortController();
  const asked = fetch(connection.mcpUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    signal: gone.signal,
  }).then((response) => response.text());
  await began.promise;
  gone.abort();
  await expect(asked).rejects.toThrow('abort');
  const since = performance.now();
  expect(textOf(await client.callTool({ name: 'browser_snapshot' }))).toContain('here');
  expect(performance.now() - since).toBeLessThan(CALL_LIMIT_MS / 2);
});

test('a client of MCP makes a runtime, sees it, hands it over and stops it', async ({
  service,
  workspace: { id },
}) => {
  const client = await connectMcp(`${service.url}/v1/mcp`, service.apiKey);
  const call = (name: string, args: object = {}) =>
    client.callTool({ name, arguments: { id, alias: 'by-mcp', ...args } });
  const made = await call('runtimes-create', { kind: 'browser' });
  const Made = z.object({ connection: z.object({ mcpUrl: z.string() }) });
  const { mcpUrl } = Made.parse(made.structuredContent).connection;
  expect(await toolNames(await connectMcp(mcpUrl))).toContain('browser_snapshot');
  const [picture] = picturesIn(await call('runtime-screenshot', { format: 'png' }));
  expect(picture?.subarray(0, 4)).toEqual(PNG);
  expect(await call('runtime-control-request', { reason: 'Please log in' })).toMatchObject({
    isError: false,
  });
  expect((await call('runtimes-embed-live')).structuredContent).toMatchObject({
    iframeUrl: expect.stringContaining('/embed/live/'),
  });
  expect((await call('runtimes-stop')).structuredContent).toMatchObject({ status: 'stopped' });
  const page = { name: 'one-shot-content', arguments: { id, html: '<h1>Shoes</h1>' } };
  expect(textOf(await client.callTool(page))).toContain('<h1>Shoes</h1>');
  expect(await call('runtime-screenshot')).toMatchObject({ isError: true });
});
