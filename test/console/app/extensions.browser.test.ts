/** The pages of extensions in a person's browser, with a service that tries them out. */
import { expect } from 'vitest';
import { NO_VIOLATIONS, test, violationsAnywhere } from '../../support/console-test.ts';
import { marker, zipOf } from '../../support/packages.ts';

const ZIP = 'application/zip';

test('a person drops extensions, sees what the service found in each, and deletes one', async ({
  open,
  service,
}) => {
  const page = await open('/extensions');
  await page.getByRole('heading', { name: 'No extensions yet' }).waitFor();
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);

  const broken = await zipOf({ 'manifest.json': { manifest_version: 3, version: 'one' } });
  const dropped = [
    ['marker.zip', await marker('Marker')],
    ['broken.zip', broken],
  ] as const;
  const given = dropped.map(([name, content]) => [name, content.toString('base64')]);
  await page.evaluate(`(${DROP})(${JSON.stringify(given)})`);
  const uploads = page.getByRole('list', { name: 'Uploads' });
  await uploads.getByText('Chromium loaded it').waitFor();
  const refusal = uploads.getByRole('alert');
  await refusal.getByText('broken.zip was not added: 2 problems in manifest.json').waitFor();
  await refusal.getByText('name is missing').waitFor();
  await refusal.getByText('version One to four numbers').waitFor();
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);

  const warned = await marker('Warned', { oops: 1 });
  const files = page.locator('input[type=file]');
  await files.setInputFiles({ name: 'warned.zip', mimeType: ZIP, buffer: warned });
  await uploads.getByText('Loads with 1 warning').waitFor();
  await uploads.getByText('The key "oops" is not known here').waitFor();
  await page
    .getByRole('row', { name: /Warned/ })
    .getByRole('link')
    .click();
  await page.getByRole('heading', { name: 'Warned', level: 1 }).waitFor();
  await page.getByText('The key "oops" is not known here').first().waitFor();
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Careful');
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('heading', { name: 'Careful', level: 1 }).waitFor();
  await page.getByRole('link', { name: 'Extensions', exact: true }).first().click();

  const { json: listed } = await service.call('GET', '/v1/browser-extensions');
  const used = listed.extensions.find(({ name }: { name: string }) => name === 'Marker');
  const profile = { name: 'marked', extensionIds: [used.id] };
  await service.call('POST', '/v1/browser-profiles', profile);
  const remove = async (name: string) => {
    await page.getByRole('button', { name: `Delete ${name}` }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  };
  await remove('Careful');
  await expect.poll(() => page.getByRole('row', { name: /Careful/ }).count()).toBe(0);
  await remove('Marker');
  await page.getByText('Marker is still there. A profile uses the extension.').waitFor();
});

test('an address that leads nowhere is refused at its field', async ({ open }) => {
  const page = await open('/extensions');
  await page.getByRole('button', { name: 'Add from an address' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Address').fill('http://example.com/extension.zip');
  await dialog.getByRole('button', { name: 'Add' }).click();
  await dialog.getByText('Invalid URL').waitFor();
  expect(await dialog.getByLabel('Address').evaluate('document.activeElement.name')).toBe('url');
  await dialog.getByLabel('Address').fill('https://localhost:9/extension.zip');
  await dialog.getByRole('button', { name: 'Add' }).click();
  await dialog.getByText('The package could not be downloaded').waitFor();
});

/** Drops files on the page, as a person does who drags them from a folder. */
const DROP = `(files) => {
  const dataTransfer = new DataTransfer();
  for (const [name, content] of files) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    dataTransfer.items.add(new File([bytes], name, { type: 'application/zip' }));
  }
  for (const type of ['dragover', 'drop']) {
    document.body.dispatchEvent(
      new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }),
    );
  }
}`;
