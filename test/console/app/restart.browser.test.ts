/** A page of the console that is open while the service is started again. */
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openService } from '../../../src/api/service.ts';
import { openTestDatabase } from '../../support/database.ts';
import { caller } from '../../support/http.ts';
import { openViewingBrowser } from '../../support/viewing-browser.ts';
import { openFakeNode } from '../../support/open-fake-node.ts';
import { configFor } from '../../support/settings.ts';

/** Opens a service again and again, on the same port and database. */
async function openRestartable() {
  const stack = new AsyncDisposableStack();
  onTestFinished(() => stack.disposeAsync());
  const { path: dataDir } = stack.use(await mkdtempDisposable(join(tmpdir(), 'bctrl-')));
  const database = stack.use(await openTestDatabase());
  return async (port = 0) => {
    const config = configFor({ dataDir, browserDir: dataDir, port });
    const log = pino({ level: 'silent' });
    return openService(config, { log, database, openNode: openFakeNode });
  };
}

test('an open page goes on after a restart of the service, and nobody signs in again', async () => {
  const open = await openRestartable();
  const first = await open();
  const { url, newApiKey: key = '' } = first;
  const browser = await openViewingBrowser();
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`${url}/console`);
  await page.getByLabel('API key').fill(key);
  await page.keyboard.press('Enter');
  const call = caller(url, key);
  const runtimes = '/v1/workspaces/default/runtimes';
  await call('POST', runtimes, { alias: 'before', kind: 'browser' });
  const row = (alias: string) => page.getByRole('row').filter({ hasText: alias });
  await row('before').getByText('Running').waitFor();
  await page.evaluate('window.isSamePage = true');

  await first[Symbol.asyncDispose]();
  await page.getByText('out of reach: reconnecting').waitFor();
  await using _second = await open(Number(new URL(url).port));
  await expect.poll(() => page.getByText('reconnecting').count()).toBe(0);
  await row('before').getByText('Stopped').waitFor();
  await call('POST', runtimes, { alias: 'after', kind: 'browser' });
  await row('after').getByText('Running').waitFor();
  expect(await page.evaluate('window.isSamePage')).toBe(true);
});
