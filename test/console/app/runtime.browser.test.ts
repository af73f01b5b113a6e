/** What a person does on the page of a runtime, with a service and its browsers. */
import { readFile } from 'node:fs/promises';
import puppeteer from 'puppeteer-core';
import { expect } from 'vitest';
import { openCdp } from '../../support/cdp.ts';
import { test } from '../../support/console-test.ts';
import { openDownloadSite } from '../../support/download-site.ts';
import { marker } from '../../support/packages.ts';

test('a person saves a file that the browser downloaded, deletes it, and copies lines for programs', async ({
  open,
  service,
  workspace,
}) => {
  const { id, connection } = await workspace.create({ alias: 'loading' });
  const page = await open(`/runtimes/${workspace.id}/${id}`);
  await page.getByText('None yet. What the browser downloads').waitFor();
  const browser = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  const [tab] = await browser.pages();
  await tab?.goto(await openDownloadSite());
  await tab?.click('#report');
  const saved = page.waitForEvent('download');
  await page.getByRole('link', { name: 'report.txt' }).click();
  expect(await readFile(await (await saved).path(), 'utf8')).toBe('download-content');
  await page.getByRole('button', { name: 'Delete report.txt' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('None yet. What the browser downloads').waitFor();
  const files = await service.call('GET', `${workspace.runtimes}/${id}/files`);
  expect(files.json.files).toEqual([]);

  await tab?.goto('http://nowhere.invalid/').catch(() => undefined);
  await page.getByText('Could not resolve nowhere.invalid').first().waitFor();
  expect(await page.getByRole('button', { name: 'Delete', exact: true }).isDisabled()).toBe(true);

  await page.getByRole('tab', { name: 'Selenium' }).click();
  const lines = page.getByRole('tabpanel');
  expect(await lines.innerText()).not.toContain(connection.webdriverUrl);
  await page.getByRole('button', { name: 'Copy the lines for Selenium' }).click();
  await page.getByText('Copied', { exact: true }).waitFor();
  const field = page.getByLabel('Filter events by text');
  await field.focus();
  await page.keyboard.press('ControlOrMeta+V');
  const now = await service.call('GET', `${workspace.runtimes}/${id}`);
  expect(await field.inputValue()).toContain(`.usingServer('${originOf(connection)}`);
  expect(now.json.connection.webdriverUrl).toContain(originOf(connection));

  // Whoever watched leaves no way in behind.
  const live = async () => {
    const { json } = await service.call('GET', `${workspace.runtimes}/${id}/connections`);
    return json.connections.filter(({ protocol }: { protocol: string }) => protocol === 'live');
  };
  expect(await live()).toHaveLength(1);
  await page.getByRole('link', { name: 'Runtimes' }).first().click();
  await expect.poll(async () => (await live()).length).toBe(0);
  await browser.disconnect();
});

/** What connection URLs of a runtime begin with. */
function originOf({ webdriverUrl }: { webdriverUrl: string }): string {
  return `${new URL(webdriverUrl).origin}/v1/connect/`;
}

test('a person launches from a saved profile, and with an extension', async ({
  open,
  service,
  workspace,
}) => {
  const profile = await service.call('POST', '/v1/browser-profiles', { name: 'shop account' });
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(await marker('Marker'))]), 'package');
  const headers = { authorization: `Bearer ${service.apiKey}` };
  const address = `${service.url}/v1/browser-extensions/upload`;
  expect((await fetch(address, { method: 'POST', headers, body: form })).status).toBe(200);

  const page = await open(`/runtimes?workspace=${workspace.id}`);
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'New runtime' }).click();
  await dialog.getByLabel('Alias').fill('extended');
  await dialog.getByLabel('Marker 1.0').check();
  await dialog.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'extended', level: 1 }).waitFor();
  await page.getByText('Marker 1.0').waitFor();

  await page.goBack();
  await page.getByRole('button', { name: 'New runtime' }).click();
  await dialog.getByLabel('Alias').fill('kept');
  await dialog.getByLabel('State').selectOption('profile');
  await dialog.getByLabel('Profile', { exact: true }).selectOption('shop account');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'kept', level: 1 }).waitFor();
  await page.getByRole('link', { name: profile.json.id.slice(0, 8) }).waitFor();
  // A second one that writes is refused, beside its field.
  await page.goBack();
  await page.getByRole('button', { name: 'New runtime' }).click();
  await dialog.getByLabel('State').selectOption('profile');
  await dialog.getByLabel('Profile', { exact: true }).selectOption('shop account');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await expect
    .poll(() => dialog.getByLabel('Profile', { exact: true }).getAttribute('aria-invalid'))
    .toBe('true');
});

test('a runtime that failed says why and what to do, and what could not be done says so', async ({
  open,
  service,
  workspace,
}) => {
  const failing = await workspace.create({ alias: 'crashing' });
  const running = await workspace.create({ alias: 'busy' });
  const page = await open(`/runtimes/${workspace.id}/${failing.id}`);
  await page.frameLocator('iframe').locator('.stage[data-state=live]').waitFor();
  using client = await openCdp(failing.connection.cdpUrl);
  client.send('Browser.crash').catch(() => undefined);
  await page.getByRole('heading', { name: /^The browser exited .*SIG/ }).waitFor();
  await page.getByText('Start it again. If it happens again, look at its last events.').waitFor();

  await page.getByRole('link', { name: 'Runtimes' }).first().click();
  await page.getByLabel('Workspace').selectOption(workspace.name);
  const row = (alias: string) => page.getByRole('row').filter({ hasText: alias });
  await row('crashing').getByText('Failed').waitFor();
  await page.getByLabel('Choose busy').check();
  await page.getByLabel('Choose crashing').check();
  const chosen = page.getByRole('region', { name: 'Chosen runtimes' });
  await page.route(`**/runtimes/${running.id}/restart`, (route) =>
    route.fulfill({ status: 503, json: { error: 'The service is draining.', code: 'x' } }),
  );
  await chosen.getByRole('button', { name: 'Restart' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click();
  await page.getByText('Restart: 1 of 2 done. The rows that failed say why').waitFor();
  await row('busy').getByText('The service is draining.').waitFor();
  await row('crashing').getByText('Running').waitFor();
  expect(await page.getByLabel('Choose busy').isChecked()).toBe(true);
  expect(await page.getByLabel('Choose crashing').isChecked()).toBe(false);
  const after = await service.call('GET', `${workspace.runtimes}/${failing.id}`);
  expect(after.json.generation).toBe(2);
});
