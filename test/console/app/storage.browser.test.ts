/** The pages of storage in a person's browser, with a service that keeps files. */
import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { NO_VIOLATIONS, test, violationsAnywhere } from '../../support/console-test.ts';

const textFile = (name: string, content: string) => ({
  name,
  mimeType: 'text/plain',
  buffer: Buffer.from(content),
});

test('a person makes a namespace, stores files in folders, loads them, and deletes all', async ({
  open,
  service,
}) => {
  const page = await open('/storage');
  await page.getByRole('heading', { name: 'No namespaces yet' }).waitFor();
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);
  await page.getByRole('button', { name: 'New namespace' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('not a name');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await dialog.getByText('Up to 128 letters').waitFor();
  await dialog.getByLabel('Name').fill('shared');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'No files yet' }).waitFor();

  const files = page.locator('input[type=file]');
  await files.setInputFiles([textFile('a.txt', 'first'), textFile('b & c.txt', 'other')]);
  await page.getByRole('link', { name: 'a.txt', exact: true }).waitFor();
  await page.getByRole('link', { name: 'b & c.txt', exact: true }).waitFor();
  await files.setInputFiles(textFile('a.txt', 'second'));
  await page.getByRole('dialog', { name: 'Replace a.txt?' }).waitFor();
  await dialog.getByRole('button', { name: 'Replace' }).click();
  await page.getByRole('cell', { name: '6 B', exact: true }).waitFor();
  const loaded = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download a.txt' }).click();
  expect(await readFile(await (await loaded).path(), 'utf8')).toBe('second');

  await page.getByRole('button', { name: 'Move a.txt' }).click();
  await dialog.getByLabel('Path').fill('b & c.txt');
  await dialog.getByRole('button', { name: 'Move' }).click();
  await dialog.locator('#field-path-wrong').waitFor();
  await dialog.getByLabel('Path').fill('reports/2026/a.txt');
  await dialog.getByRole('button', { name: 'Move' }).click();
  const zippedFolder = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download as zip reports/' }).click();
  expect((await zippedFolder).suggestedFilename()).toBe('reports.zip');
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);
  await page.getByRole('link', { name: 'reports/', exact: true }).click();
  await page.getByRole('link', { name: '2026/', exact: true }).click();
  await page.getByRole('link', { name: 'a.txt', exact: true }).waitFor();
  const zipped = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download as zip' }).click();
  expect((await zipped).suggestedFilename()).toBe('2026.zip');
  await page.reload();
  await page.getByRole('button', { name: 'Delete a.txt' }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { name: 'No files yet' }).waitFor();
  await page.getByRole('link', { name: 'shared' }).click();
  await page.getByRole('link', { name: 'b & c.txt', exact: true }).waitFor();

  await service.call('POST', '/v1/workspaces', {
    name: 'mounting',
    mounts: { storage: { workspace: 'shared' } },
  });
  await page.getByRole('navigation', { name: 'Folders' }).getByRole('link').click();
  await page
    .getByRole('row', { name: /shared/ })
    .getByText('mounting')
    .waitFor();
  await page.getByRole('button', { name: 'Delete shared' }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog', { name: 'shared has files' }).waitFor();
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);
  await dialog.getByRole('button', { name: 'Delete all of them' }).click();
  await page.getByRole('heading', { name: 'No namespaces yet' }).waitFor();
});

test('an upload tells how far it is, and can be ended', async ({ open, service }) => {
  await service.call('POST', '/v1/storage', { name: 'large' });
  const page = await open('/storage/large');
  await page.getByRole('heading', { name: 'No files yet' }).waitFor();
  const held = Promise.withResolvers<void>();
  await page.route('**/files?path=*', async (route) => {
    await held.promise;
    await route.continue().catch(() => {});
  });
  await page.locator('input[type=file]').setInputFiles(textFile('held.txt', 'x'.repeat(100_000)));
  await page.getByRole('progressbar', { name: 'Progress of held.txt' }).waitFor();
  await page.getByRole('button', { name: 'Cancel held.txt' }).click();
  held.resolve();
  await expect.poll(() => page.getByRole('list', { name: 'Uploads' }).count()).toBe(0);
  const { json } = await service.call('GET', '/v1/storage/large/files');
  expect(json.files).toEqual([]);
});
