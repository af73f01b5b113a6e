import { expect } from 'vitest';
import { caller } from '../../support/http.ts';
import { addKey } from '../../support/keys.ts';
import type { TestService } from '../../support/service.ts';
import { testWith } from '../../support/api-test.ts';

const test = testWith({
  rateLimitPerMinute: 5,
  trustedProxies: ['127.0.0.1'],
});

/** A client that reaches the service through the trusted proxy. */
function from(service: TestService, address: string) {
  return async (key: string): Promise<Response> => {
    const headers = { authorization: `Bearer ${key}`, 'x-forwarded-for': `6.6.6.6, ${address}` };
    const response = await fetch(`${service.url}/v1/workspaces`, { headers });
    await response.body?.cancel();
    return response;
  };
}

test('a key that asks too often is told when to retry, and other keys are served', async ({
  service,
}) => {
  const call = caller(service.url, await addKey(service.database));
  const first = await call('GET', '/v1/workspaces');
  expect(first.headers.get('ratelimit-limit')).toBe('5');
  expect(first.headers.get('ratelimit-remaining')).toBe('4');
  expect(Number(first.headers.get('ratelimit-reset'))).toBeGreaterThan(0);

  const answers = await Promise.all(Array.from({ length: 8 }, () => call('GET', '/v1/workspaces')));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(4);
  const refused = answers.find(({ status }) => status === 429);
  expect(refused).toMatchObject({ json: { code: 'request.rate_limited' } });
  const wait = Number(refused?.headers.get('retry-after'));
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(60);
  expect(refused?.headers.get('ratelimit-remaining')).toBe('0');

  expect(await service.call('GET', '/v1/workspaces')).toMatchObject({ status: 200 });
  expect(await call('GET', '/healthz')).toMatchObject({ status: 200 });
});

test('whoever guesses keys is stopped by the address that the trusted proxy saw', async ({
  service,
}) => {
  const guess = from(service, '198.51.100.7');
  const right = await addKey(service.database);
  const known = await addKey(service.database);
  expect((await guess(known)).status).toBe(200);
  const guessed = await Promise.all(Array.from({ length: 30 }, (_, i) => guess(`wrong-${i}`)));
  for (const { status } of guessed) expect(status).toBe(401);

  let refused = await guess('wrong-30');
  // Two wrong keys may share a counter by chance, and count as one.
  for (let i = 31; refused.status === 401 && i < 35; i++) refused = await guess(`wrong-${i}`);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  // The right key is not even looked up: otherwise guessing on would pay.
  expect((await guess(right)).status).toBe(429);
  // A key that was accepted before is of another client, behind the same address.
  expect((await guess(known)).status).toBe(200);
  expect((await from(service, '198.51.100.8')(right)).status).toBe(200);
});

test('a program that keeps sending one wrong key shuts nobody out', async ({ service }) => {
  const ask = from(service, '198.51.100.9');
  for (let i = 0; i < 40; i++) expect((await ask('of-yesterday')).status).toBe(401);
  expect((await ask(await addKey(service.database))).status).toBe(200);
});
