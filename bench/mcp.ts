/**
 * How long `browser_snapshot` takes by a runtime's `mcpUrl`, and by Playwright's own MCP server, which
 * runs beside the client and reaches the same browser by its `cdpUrl`, in turns. Exits with 1 when the
 * ratio of the medians is over 1.2.
 *
 *     node bench/mcp.ts [rounds]        (default 300)
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { openService, RUNTIMES } from './suite/service.ts';
import { interleave, median, p95, timed } from './suite/statistics.ts';
import { serve } from './site.ts';

const GOAL = 1.2;
const WARM_UP = 20;
const ROWS = 100;
const PAGE = `<title>a list</title><h1>Rows</h1>${Array.from(
  { length: ROWS },
  (_, nth) => `<p><a href="#${nth}">Row ${nth}</a> <button>Choose</button></p>`,
).join('')}`;
const PLAYWRIGHT = join(
  dirname(createRequire(import.meta.url).resolve('playwright-core/package.json')),
  'cli.js',
);

const rounds = Number(process.argv[2] ?? 300);
await using held = new AsyncDisposableStack();
const service = held.use(await openService());
const site = held.use(
  await serve((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(PAGE);
  }),
);
const { alias } = await service.create();
const { json } = await service.call('GET', `${RUNTIMES}/${alias}`);
const { cdpUrl, mcpUrl } = json.connection;
const ofRuntime = await connect(new StreamableHTTPClientTransport(new URL(mcpUrl)));
const args = [PLAYWRIGHT, 'mcp', '--cdp-endpoint', cdpUrl];
const ofPlaywright = await connect(new StdioClientTransport({ command: process.execPath, args }));
await call(ofRuntime, 'browser_navigate', { url: site.url });

const contenders = [
  { name: 'mcpUrl', client: ofRuntime, times: new Array<number>() },
  { name: "Playwright's own server, on stdio", client: ofPlaywright, times: new Array<number>() },
];
for (const { client } of contenders) {
  for (let nth = 0; nth < WARM_UP; nth++) await snapshot(client);
}
await interleave({ rounds, until: Infinity }, contenders, async ({ client, times }) => {
  times.push(await timed(() => snapshot(client)));
});
console.table(
  contenders.map(({ name, times }) => ({
    name,
    n: times.length,
    medianMs: median(times),
    p95Ms: p95(times),
  })),
);
const [ours = NaN, theirs = NaN] = contenders.map(({ times }) => median(times));
console.log('ratio of the medians', ours / theirs);
if (!(ours / theirs <= GOAL)) process.exitCode = 1;

async function connect(transport: Parameters<Client['connect']>[0]): Promise<Client> {
  const client = new Client({ name: 'bench', version: '1' });
  await client.connect(transport);
  held.defer(() => client.close());
  return client;
}

async function call(client: Client, name: string, given: Record<string, unknown> = {}) {
  const { content, isError } = await client.callTool({ name, arguments: given });
  if (isError) throw new Error(`${name}: ${JSON.stringify(content)}`);
  return JSON.stringify(content);
}

/** Throws unless it shows the page. */
async function snapshot(client: Client): Promise<void> {
  const text = await call(client, 'browser_snapshot');
  if (!text.includes(`Row ${ROWS - 1}`)) throw new Error(`no snapshot of the page: ${text}`);
}
