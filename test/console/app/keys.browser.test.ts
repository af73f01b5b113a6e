/** What keys allow, and the page of keys and workspaces, in a person's browser. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { NO_VIOLATIONS, test, violationsAnywhere } from '../../support/console-test.ts';
import { caller } from '../../support/http.ts';
import { addKey } from '../../support/keys.ts';

async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

const linksIn = (page: Page) =>
  page.getByRole('navigation', { name: 'Pages' }).getByRole('link').allInnerTexts();

test('a person makes a key for one workspace, sees it once, and revokes it', async ({
  open,
  service,
  workspace,
}) => {
  const page = await open('/keys');
  const keys = page.getByRole('region', { name: 'API keys' });
  await keys.getByRole('row').filter({ hasText: 'yours' }).getByText('everything').waitFor();
  await keys.getByRole('button', { name: 'New key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Read only' }).click();
  expect(await dialog.getByLabel('extensions:read').isChecked()).toBe(true);
  await dialog.getByRole('button', { name: 'Read only', pressed: true }).waitFor();
  await dialog.getByRole('button', { name: 'Custom' }).click();
  await dialog.getByRole('button', { name: 'Create' }).click();
  await dialog.locator('#field-name-wrong').waitFor();
  await dialog.locator('#scopes-wrong').waitFor();
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);
  await dialog.getByLabel('Name', { exact: true }).fill('nightly');
  await dialog.getByLabel('runtimes:read').check();
  await dialog.getByLabel('workspaces:read').check();
  await dialog.getByLabel(workspace.name).check();
  await dialog.getByRole('button', { name: 'Create' }).click();
  await page.getByText('It is shown only now').waitFor();
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);
  const key = await dialog.locator('.secret code').innerText();
  const call = caller(service.url, key);
  const seen = await call('GET', '/v1/workspaces');
  expect(seen.json.workspaces).toMatchObject([{ name: workspace.name }]);
  expect(await call('POST', workspace.runtimes, {})).toMatchObject({ status: 403 });
  await dialog.getByRole('button', { name: 'I have it' }).click();
  expect(await page.content()).not.toContain(key);
  await page.reload();

  const row = keys.getByRole('row').filter({ hasText: 'nightly' });
  await row.getByText('runtimes:read, workspaces:read').waitFor();
  await row.getByText(workspace.name).waitFor();
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);
  await row.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect.poll(() => row.count()).toBe(0);
  expect(await call('GET', '/v1/workspaces')).toMatchObject({ status: 401 });
});

test('a person makes a workspace, changes its name and storage, and deletes it with what runs in it', async ({
  open,
  service,
  workspace,
}) => {
  const page = await open('/keys');
  const section = page.getByRole('region', { name: 'Workspaces' });
  const dialog = page.getByRole('dialog');
  await section.getByRole('button', { name: 'New workspace' }).click();
  await dialog.getByLabel('Name', { exact: true }).fill(workspace.name);
  await dialog.getByRole('button', { name: 'Create' }).click();
  await dialog.locator('#field-name-wrong').waitFor();
  await dialog.getByLabel('Name', { exact: true }).fill('team');
  await dialog.getByLabel('Storage namespace').fill('reports');
  await dialog.getByRole('button', { name: 'Create' }).click();
  const row = (name: string) => section.getByRole('row').filter({ hasText: name });
  await row('team').getByText('reports').waitFor();
  await section.getByRole('button', { name: 'Edit team' }).click();
  await dialog.getByLabel('Name', { exact: true }).fill('crew');
  await dialog.getByLabel('Storage namespace').fill('papers');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await row('crew').getByRole('link', { name: 'papers' }).waitFor();

  const path = '/v1/workspaces/crew/runtimes';
  const { json } = await service.call('POST', path, { alias: 'busy', kind: 'browser' });
  await section.getByRole('button', { name: 'Delete crew' }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await dialog.getByText('Runtimes are active in it').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  expect(await service.call('GET', `${path}/${json.id}`)).toMatchObject({ status: 200 });
  await section.getByRole('button', { name: 'Delete crew' }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await dialog.getByRole('button', { name: 'Stop and delete' }).click();
  await expect.poll(() => row('crew').count()).toBe(0);
  expect(await service.call('GET', '/v1/workspaces/crew')).toMatchObject({ status: 404 });
});

test('whoever signs in with a limited key is offered what it allows, and told what the rest needs', async ({
  open,
  service,
  workspace,
}) => {
  const page = await open('', { storageState: { cookies: [], origins: [] } });
  await signIn(page, await addKey(service.database, { scopes: ['workspaces:read'] }));
  expect(await linksIn(page)).toEqual(['Keys', 'API']);
  await page.getByRole('row').filter({ hasText: workspace.name }).waitFor();
  await page.getByText('This needs a key with the scope admin').waitFor();
  expect(await page.getByRole('button', { name: /New|Edit|Delete/ }).count()).toBe(0);
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);
  for (const [path, scope] of [
    ['/runtimes', 'runtimes:read'],
    ['/recordings', 'runtimes:read'],
    ['/capacity', 'admin'],
  ] as const) {
    await page.goto(`${service.url}/console${path}`);
    await page.getByText(`This needs a key with the scope ${scope}`).waitFor();
  }
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);
});

test('a key that may only look has no button that it may not press', async ({
  open,
  service,
  workspace,
}) => {
  const { id, alias } = await workspace.create();
  const page = await open('/runtimes', { storageState: { cookies: [], origins: [] } });
  await signIn(page, await addKey(service.database, { scopes: ['runtimes:read'] }));
  await page.getByRole('link', { name: alias }).waitFor();
  expect(await page.getByRole('button', { name: /New|Stop/ }).count()).toBe(0);
  expect(await page.getByRole('checkbox').count()).toBe(0);
  await page.goto(`${service.url}/console/runtimes/${workspace.id}/${id}`);
  await page.getByText('runtime.launched').waitFor();
  await page.getByText('This needs a key with the scope runtimes:connect').first().waitFor();
  expect(await page.getByRole('button', { name: /Stop|Restart|Change|Revoke/ }).count()).toBe(0);
});

test('a key that was revoked leads to the sign-in by itself', async ({ open, service }) => {
  const page = await open('/runtimes', { storageState: { cookies: [], origins: [] } });
  await signIn(page, await addKey(service.database));
  const keys = await service.call('GET', '/v1/api-keys');
  await service.call('DELETE', `/v1/api-keys/${keys.json.apiKeys[0].id}`);
  await page.getByLabel('Failed').click();
  await page.getByText('The session is over. Sign in again.').waitFor();
});
