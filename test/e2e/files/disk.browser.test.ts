/** A runtime is given no more than it may keep. */
import { expect, onTestFinished, test } from 'vitest';
import { openTestService } from '../../support/service.ts';

const RUNTIMES = '/v1/workspaces/default/runtimes';
const MB = 1024 * 1024;

test('what does not fit on the disk of a runtime is refused, and the runtime goes on', async () => {
  const service = await openTestService({ runtimeLimits: { diskBytes: 64 * MB } });
  onTestFinished(() => service[Symbol.asyncDispose]());
  const { call, url, apiKey } = service;
  expect(await call('POST', RUNTIMES, { alias: 'a', kind: 'browser' })).toMatchObject({
    status: 200,
  });
  const stage = async (bytes: number) => {
    const body = new FormData();
    body.set('file', new Blob([Buffer.alloc(bytes)]), 'a.bin');
    const headers = { authorization: `Bearer ${apiKey}` };
    return fetch(`${url}${RUNTIMES}/a/files`, { method: 'POST', headers, body });
  };
  const large = await stage(80 * MB);
  expect(large.status).toBe(413);
  expect(await large.json()).toMatchObject({
    code: 'file.too_large',
    details: { limitBytes: 64 * MB },
  });
  expect((await stage(40 * MB)).status).toBe(200);
  expect((await stage(40 * MB)).status).toBe(413);
  expect((await stage(1 * MB)).status).toBe(200);
  expect((await call('GET', `${RUNTIMES}/a`)).json.status).toBe('active');
});
