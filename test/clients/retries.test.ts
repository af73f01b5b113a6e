import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { Bctrl, BctrlError } from '../../clients/typescript/src/index.ts';
import { serveSite } from '../support/site.ts';

type Reply = (response: ServerResponse) => void;

const ok: Reply = (response) => {
  response.setHeader('content-type', 'application/json').end('{"alias":"a","id":"1"}');
};
const lost: Reply = (response) => response.destroy();

function refused(status: number, code?: string, headers = {}): Reply {
  const body = code === undefined ? 'Bad Gateway' : JSON.stringify({ error: 'No.', code });
  return (response) => response.writeHead(status, headers).end(body);
}

/** A server that gives these answers in their order, and a client of it. */
async function serve(...replies: Reply[]) {
  const asked: IncomingMessage[] = [];
  const url = await serveSite((request, response) => {
    asked.push(request);
    (replies.shift() ?? ok)(response);
  });
  const bctrl = new Bctrl({ baseUrl: url.slice(0, -1), apiKey: 'key' });
  return { bctrl, asked, keys: () => asked.map(({ headers }) => headers['idempotency-key']) };
}

test('a create that was refused for now is sent again with the same key, and no sooner than asked', async () => {
  const { bctrl, asked, keys } = await serve(
    refused(503, 'runtime.no_capacity', { 'retry-after': '1' }),
    lost,
    refused(502),
  );
  const began = performance.now();
  expect(await bctrl.createRuntime({ alias: 'a' })).toMatchObject({ alias: 'a' });
  expect(performance.now() - began).toBeGreaterThan(1000);
  expect(asked).toHaveLength(4);
  expect(new Set(keys()).size).toBe(1);
  expect(keys()[0]).toMatch(/^[\w-]{36}$/);
  expect(asked[3]?.headers.authorization).toBe('Bearer key');
});

test('a request that may not be carried out twice is not sent again when its answer is lost', async () => {
  const { bctrl, asked, keys } = await serve(lost);
  await expect(bctrl.content({ html: 'h' })).rejects.toMatchObject({
    name: 'BctrlError',
    status: 0,
    code: 'client.unreachable',
  });
  expect(asked).toHaveLength(1);
  expect(keys()).toEqual([undefined]);
});

test('what the service itself fails with is final', async () => {
  const { bctrl, asked } = await serve(refused(502, 'proxy.auth_failed'));
  const failed = await bctrl.createRuntime().catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(BctrlError);
  expect(failed).toMatchObject({ status: 502, code: 'proxy.auth_failed' });
  expect(asked).toHaveLength(1);
});

test('a client gives up in the end', async () => {
  const busy = Array.from({ length: 9 }, () =>
    refused(429, 'request.rate_limited', { 'retry-after': '0' }),
  );
  const { bctrl, asked } = await serve(...busy);
  await expect(bctrl.getRuntime('a')).rejects.toMatchObject({ code: 'request.rate_limited' });
  expect(asked).toHaveLength(5);
});

test('a client without a key says which setting it lacks', () => {
  expect(() => new Bctrl({ apiKey: '' })).toThrow('Set BCTRL_API_KEY');
});
