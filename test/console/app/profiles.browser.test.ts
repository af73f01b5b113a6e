/** The pages of profiles in a person's browser, with a service and its runtimes. */
import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { NO_VIOLATIONS, test, violationsAnywhere } from '../../support/console-test.ts';

const STATE = {
  cookies: [
    {
      name: 'signed-in',
      value: 'yes',
      domain: 'example.com',
      path: '/',
      expires: -1,
      httpOnly: false,
      secure: false,
      sameSite: 'Lax',
    },
  ],
  origins: [],
};
const ZIP = { mimeType: 'application/zip', buffer: Buffer.from('no zip') };

test('a person makes a profile, imports a state, exports it, forks it, and deletes it', async ({
  open,
  service,
}) => {
  const page = await open('/profiles');
  await page.getByRole('heading', { name: 'No profiles yet' }).waitFor();
  await page.getByText(`${service.url}/v1/browser-profiles`).waitFor();
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);

  await page.getByRole('button', { name: 'New profile' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('shop');
  await dialog.getByLabel('Language').fill('not a language');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await dialog.getByText('Not a BCP 47 language tag').waitFor();
  await dialog.getByLabel('Language').fill('');
  await dialog.getByLabel('Time zone').fill('Europe/Berlin');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'shop', level: 1 }).waitFor();

  const files = page.locator('input[type=file]');
  await files.setInputFiles({ name: 'broken.zip', ...ZIP });
  await page.getByRole('alert').getByText('broken.zip was not added').waitFor();
  await page.getByRole('button', { name: 'Close broken.zip' }).click();
  const buffer = Buffer.from(JSON.stringify(STATE));
  await files.setInputFiles({ name: 'state.json', mimeType: 'application/json', buffer });
  await page.getByText('It is version 1, which is current now').waitFor();
  await page.getByRole('listitem').filter({ hasText: 'Version 1 current' }).waitFor();
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);

  const saved = page.waitForEvent('download');
  await page
    .getByRole('button', { name: 'Download cookies and storage (JSON) of version 1' })
    .click();
  const state = JSON.parse(await readFile(await (await saved).path(), 'utf8'));
  expect(state.cookies).toEqual([expect.objectContaining({ name: 'signed-in', value: 'yes' })]);
  const zipped = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download full profile (.zip) of version 1' }).click();
  expect((await zipped).suggestedFilename()).toBe('shop-1.zip');
  await files.setInputFiles(await (await zipped).path());
  await page.getByRole('listitem').filter({ hasText: 'Version 2 current' }).waitFor();
  await page.getByRole('button', { name: 'Make current version 1' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Make current' }).click();
  await page.getByRole('listitem').filter({ hasText: 'Version 1 current' }).waitFor();

  await page.getByRole('button', { name: 'Edit' }).click();
  await dialog.getByLabel('Name').fill('market');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'market', level: 1 }).waitFor();
  await page.getByRole('button', { name: 'Fork version 2' }).click();
  await dialog.getByLabel('Name of the new profile').fill('market');
  await dialog.getByRole('button', { name: 'Fork' }).click();
  await dialog.getByText('Another profile has this name').waitFor();
  await dialog.getByLabel('Name of the new profile').fill('stall');
  await dialog.getByRole('button', { name: 'Fork' }).click();
  await page.getByRole('heading', { name: 'stall', level: 1 }).waitFor();
  await page.getByText('Copied from another profile').waitFor();

  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('link', { name: 'market' }).waitFor();
  await page
    .getByRole('row', { name: /market/ })
    .getByText(/ago|just now/)
    .waitFor();
  expect(await page.getByRole('link', { name: 'stall' }).count()).toBe(0);
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);
});

test('the list tells which runtime has a profile open, and its page what the runtime saved', async ({
  open,
  service,
  workspace,
}) => {
  const { json: profile } = await service.call('POST', '/v1/browser-profiles', { name: 'held' });
  const page = await open('/profiles');
  await page.getByRole('button', { name: 'Start a runtime from held' }).click();
  const dialog = page.getByRole('dialog', { name: 'New runtime' });
  await dialog.getByLabel('Alias').fill('holder');
  await expect.poll(() => dialog.getByLabel('Profile').inputValue()).toBe(profile.id);
  await dialog.getByLabel('Workspace').selectOption(workspace.name);
  await dialog.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'holder', level: 1 }).waitFor();

  await page.getByRole('link', { name: 'Profiles', exact: true }).click();
  const row = page.getByRole('row', { name: /held/ });
  await row.getByRole('link', { name: 'holder' }).waitFor();
  await row.getByRole('link', { name: 'held' }).click();
  await page.getByRole('status').getByRole('link', { name: 'holder' }).waitFor();
  await page.locator('input[type=file]').setInputFiles({ name: 'a.zip', ...ZIP });
  await page.getByText('The runtime holder is using this profile').waitFor();
  await page.getByText('a new runtime is refused with profile.in_use').waitFor();
  await page.getByRole('button', { name: 'Start a read-only copy' }).click();
  expect(await dialog.getByLabel('Read-only').isChecked()).toBe(true);
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);
  await dialog.getByLabel('Alias').fill('copy');
  await dialog.getByLabel('Workspace').selectOption(workspace.name);
  await dialog.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'copy', level: 1 }).waitFor();
  await workspace.stop('copy');
  await page.getByRole('link', { name: 'Its profile' }).click();

  await workspace.stop('holder');
  await page.getByText('Not in use').waitFor();
  const version = page.getByRole('listitem').filter({ hasText: 'Version 1 current' });
  await version.getByText('Saved when the runtime ended').waitFor();
  await version.getByRole('link', { name: 'holder' }).click();
  await page.getByRole('heading', { name: 'Stopped' }).waitFor();
});

test('who may only look at profiles is offered nothing else', async ({ open, service }) => {
  const { json: key } = await service.call('POST', '/v1/api-keys', {
    name: 'looks',
    scopes: ['profiles:read', 'runtimes:read'],
  });
  await service.call('POST', '/v1/browser-profiles', { name: 'seen' });
  const page = await open('/profiles', { storageState: { cookies: [], origins: [] } });
  await page.getByLabel('API key').fill(key.key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: 'seen' }).click();
  await page.getByRole('heading', { name: 'seen', level: 1 }).waitFor();
  await page.getByText('None yet').waitFor();
  expect(await page.getByRole('main').getByRole('button').allInnerTexts()).toEqual([
    expect.stringContaining('Copy'),
  ]);
  expect(await page.getByRole('link', { name: 'Storage' }).count()).toBe(0);
});

test('a person edits a profile, of which only what was changed is sent', async ({
  open,
  service,
}) => {
  const login = { username: 'ada', password: 'secret' };
  const { json: profile } = await service.call('POST', '/v1/browser-profiles', {
    name: 'booth',
    config: { proxy: { type: 'http', host: 'proxy.test', port: 3128, ...login } },
  });
  const page = await open(`/profiles/${profile.id}`);
  const dialog = page.getByRole('dialog');
  const save = dialog.getByRole('button', { name: 'Save' });
  await page.getByRole('button', { name: 'Edit' }).click();
  await dialog.getByLabel('Name', { exact: true }).fill('kiosk');
  const width = dialog.getByLabel('Width of pages');
  await width.fill('5');
  await dialog.getByLabel('Height of pages').fill('800');
  await save.click();
  await dialog.getByText('Must be at least 100').waitFor();
  expect(await width.getAttribute('aria-invalid')).toBe('true');
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);
  await width.fill('1200');
  const sent = page.waitForRequest((request) => request.method() === 'PATCH');
  await save.click();
  const viewport = { width: 1200, height: 800 };
  expect((await sent).postDataJSON()).toEqual({ name: 'kiosk', fingerprint: { viewport } });
  await page.getByRole('heading', { name: 'kiosk', level: 1 }).waitFor();
  await page.getByText('1200 × 800').waitFor();

  // The page does not know the password, which a changed configuration needs.
  await page.getByRole('button', { name: 'Edit' }).click();
  await dialog.getByLabel('Human-like input').check();
  await save.click();
  await dialog.getByText('Required when there is a username').waitFor();
  await dialog.getByLabel('Password').fill('secret');
  await save.click();
  await dialog.waitFor({ state: 'hidden' });
  const { json } = await service.call('GET', `/v1/browser-profiles/${profile.id}`);
  expect(json.config).toMatchObject({ humanize: true, proxy: { username: 'ada' } });
  expect(json.fingerprint).toEqual({ viewport });
});
