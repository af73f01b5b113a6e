/** What a service that is killed leaves of downloads and operations. */
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { openFileSite } from '../../support/file-site.ts';
import { puppeteerPage } from '../../support/first-page.ts';
import { freshEnv } from '../../support/fresh-env.ts';
import { caller } from '../../support/http.ts';
import { startService } from '../../support/service-process.ts';

const RUNTIMES = '/v1/workspaces/default/runtimes';

test('after a kill, what was stored is whole, and what was arriving or carried out has failed', async () => {
  const site = await openFileSite();
  const env = { ...(await freshEnv()), BCTRL_WARM_MAX: '0' };
  const killed = await startService(env);
  onTestFinished(async () => void (await killed.stop('SIGKILL')));
  const key = killed.apiKey ?? '';
  const call = caller(killed.url, key);
  const made = await call('POST', RUNTIMES, { alias: 'a', kind: 'browser' });
  const page = await puppeteerPage(made.json.connection.cdpUrl, site.url);
  await page.click('#unicode');
  await page.click('#slow');
  await eventually(async () => {
    const { json } = await call('GET', `${RUNTIMES}/a/files`);
    expect(json.files).toMatchObject([
      { name: 'slow.bin', state: 'arriving' },
      { name: 'Résumé — 日本.pdf', state: 'stored' },
    ]);
  });
  const steps = [{ call: 'page.waitForTimeout', args: [20_000] }];
  const execute = { runtime: 'a', steps, waitMs: 0 };
  const begun = await call('POST', '/v1/workspaces/default/execute', execute);
  expect(begun, begun.text).toMatchObject({ status: 202, json: { status: 'running' } });
  await killed.stop('SIGKILL');
  const service = await startService(env);
  onTestFinished(async () => void (await service.stop('SIGTERM')));
  const again = caller(service.url, key);
  const operation = await again('GET', `/v1/operations/${begun.json.id}`);
  expect(operation.json).toMatchObject({
    status: 'failed',
    error: { code: 'operation.interrupted' },
  });
  const { events } = (await again('GET', `${RUNTIMES}/a/events`)).json;
  expect(events).toContainEqual(
    expect.objectContaining({
      type: 'operation.failed',
      data: expect.objectContaining({ operationId: begun.json.id }),
    }),
  );
  const { json } = await again('GET', `${RUNTIMES}/a/files`);
  expect(json.files).toMatchObject([
    { name: 'slow.bin', state: 'failed', failure: { code: 'download.cut_off' } },
    { name: 'Résumé — 日本.pdf', state: 'stored', sizeBytes: 7 },
  ]);
  const content = await again('GET', `${RUNTIMES}/a/files/${json.files[1].id}/content`);
  expect(content).toMatchObject({ status: 200, text: 'unicode' });
});
