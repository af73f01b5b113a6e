import { expect, test } from 'vitest';
import { serveMcp } from '../../../src/api/mcp/serve-mcp.ts';

test('a call is given up when its client hangs up', async () => {
  const client = new AbortController();
  const called = Promise.withResolvers<AbortSignal>();
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'wait' } };
  const request = new Request('http://service.test/v1/mcp', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    signal: client.signal,
  });
  const given = { request, message, version: '1', toErrorText: String };
  await serveMcp(given, {
    instructions: '',
    tools: [{ name: 'wait', inputSchema: { type: 'object' } }],
    call: (_name, _args, signal) => {
      called.resolve(signal);
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    },
  });
  const signal = await called.promise;
  expect(signal.aborted).toBe(false);
  client.abort();
  expect(signal.aborted).toBe(true);
});
