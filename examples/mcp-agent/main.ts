import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Bctrl } from '@bctrl/client';

const [address = 'https://example.com'] = process.argv.slice(2);

await using runtime = await new Bctrl().createRuntime();
const { mcpUrl } = runtime.info.connection ?? {};
if (mcpUrl === undefined) throw new Error('the key lacks runtimes:connect');
const client = new Client({ name: 'scripted-agent', version: '1.0.0' });
await client.connect(new StreamableHTTPClientTransport(new URL(mcpUrl)));

const { tools } = await client.listTools();
console.log(`${tools.length} tools`);
// What a model would decide from one answer to the next.
const script = [
  { name: 'browser_navigate', arguments: { url: address } },
  { name: 'browser_snapshot', arguments: {} },
];
for (const call of script) {
  const { content } = await client.callTool(call);
  for (const part of content) if (part.type === 'text') console.log(part.text);
}
await client.close();
