import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { PopupOption, Rectangle } from '../../../src/runtime-manager/live/messages.ts';
import { middleColor, TAB, TABS, test } from '../../support/live-viewer.ts';

const AT: Rectangle = [128, 128, 256, 32];

const options = (...labels: string[]): PopupOption[] =>
  labels.map((label) => ({ label, group: null, isDisabled: false, isSelected: false }));

test('a select list is drawn below its place, and answers with the place of the option', async ({
  open,
}) => {
  const { page, peer, at, said } = await open();
  const countries = options('Austria', 'Belgium', 'Croatia');
  if (countries[1]) countries[1].isDisabled = true;
  peer.say({ t: 'popup', popup: 'p1', at: AT, isMultiple: false, options: countries });
  const list = page.getByRole('listbox');
  await list.waitFor();
  const [left, bottom] = await at(128, 160);
  const box = await page.locator('.popup').boundingBox();
  expect([box?.x, box?.y]).toEqual([expect.closeTo(left, -1), expect.closeTo(bottom, -1)]);
  expect(box?.width).toBeGreaterThanOrEqual(200);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  peer.say({ t: 'popup', popup: 'p2', at: AT, isMultiple: false, options: countries });
  await page.keyboard.type('au');
  await page.getByRole('option', { name: 'Belgium' }).click({ force: true });
  await page.getByRole('option', { name: 'Austria' }).click();
  expect(await said('choose')).toEqual([
    { t: 'choose', popup: 'p1', options: [2] },
    { t: 'choose', popup: 'p2', options: [0] },
  ]);
  // The keys go to the page again.
  expect(await page.evaluate('document.activeElement.id')).toBe('keys');
});

test('a list that allows several options answers with all of them at once', async ({ open }) => {
  const { page, peer, said } = await open();
  const sizes = options('Small', 'Medium', 'Large');
  if (sizes[2]) sizes[2].isSelected = true;
  peer.say({ t: 'popup', popup: 'p', at: AT, isMultiple: true, options: sizes });
  await page.getByRole('option', { name: 'Small' }).click();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press(' ');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press(' ');
  await page.getByRole('button', { name: 'Done' }).click();
  expect(await said('choose')).toEqual([{ t: 'choose', popup: 'p', options: [0, 1] }]);
});

test('a list has a tick at what is chosen, and a text as large as the picture asks for', async ({
  open,
}) => {
  const { page, peer } = await open();
  const countries = options('Austria', 'Belgium');
  if (countries[1]) countries[1].isSelected = true;
  peer.say({ t: 'popup', popup: 'p', at: AT, isMultiple: false, options: countries });
  await page.getByRole('option', { name: 'Belgium', exact: true, selected: true }).waitFor();
  const ticks = await page.evaluate(
    "[...document.querySelectorAll('.option')].map((one) => getComputedStyle(one, '::before').content.includes('✓'))",
  );
  expect(ticks).toEqual([false, true]);
  const fontSize = () =>
    page.evaluate("parseFloat(getComputedStyle(document.querySelector('.option')).fontSize)");
  expect(await fontSize()).toBe(12);
  await page.setViewportSize({ width: 1400, height: 1000 });
  await expect.poll(fontSize).toBeCloseTo((14 * 1400) / 1280, 1);
  await page.setViewportSize({ width: 1000, height: 700 });
});

test("a sharp picture, which has the browser's own list in it, is not drawn beside the list", async ({
  open,
  paint,
}) => {
  const { page, peer, said } = await open();
  peer.show({ image: await paint('#f00'), turn: 1, seq: 2 });
  peer.say({ t: 'popup', popup: 'p', at: AT, isMultiple: false, options: options('One') });
  await page.getByRole('listbox').waitFor();
  peer.show({ image: await paint('#0f0'), turn: 1, seq: 3, isSharp: true });
  await expect.poll(async () => (await said('ack')).map(({ seq }) => seq)).toContain(3);
  expect(await middleColor(page)).toEqual([1, 0, 0]);
  await page.keyboard.press('Escape');
  peer.show({ image: await paint('#00f'), turn: 1, seq: 4, isSharp: true });
  await expect.poll(() => middleColor(page)).toEqual([0, 0, 1]);
});

test('a list is closed by Escape, by a press elsewhere and by another tab, and nothing is chosen', async ({
  open,
}) => {
  const { page, peer, at, said } = await open();
  const show = async () => {
    peer.say({ t: 'popup', popup: 'p', at: AT, isMultiple: false, options: options('One') });
    await page.getByRole('listbox').waitFor();
  };
  const isGone = () => page.getByRole('listbox').waitFor({ state: 'detached' });
  await show();
  await page.keyboard.press('Escape');
  await isGone();
  await show();
  await page.mouse.click(...(await at(1000, 600)));
  await isGone();
  await show();
  peer.say({ ...TABS, turn: 2 });
  await isGone();
  // After a press and in another tab, the browser has closed its own list.
  expect(await said('choose')).toEqual([{ t: 'choose', popup: 'p', options: [] }]);
});

test.for([
  ['date', '2026-11-30', '2026-12-24'],
  ['datetime-local', '2026-11-30T10:00', '2026-12-24T18:30'],
  ['month', '2026-11', '2026-12'],
  ['week', '2026-W48', '2026-W52'],
  ['time', '10:00', '18:30'],
  ['color', '#00ff00', '#336699'],
] as const)(
  'a picker of type %s answers with its value',
  async ([type, value, other], { open }) => {
    const { page, peer, said } = await open();
    const limits = { min: '', max: '', step: '' };
    peer.say({ t: 'picker', picker: 'p', at: AT, type, value, ...limits });
    const field = page.locator('.picker input');
    expect(await field.inputValue()).toBe(value);
    await field.fill(other);
    await page.getByRole('button', { name: 'Set' }).click();
    expect(await said('pick')).toEqual([{ t: 'pick', picker: 'p', value: other }]);
  },
);

test('a dialog is answered in place, while tabs stay in reach', async ({ open }) => {
  const { page, peer, said } = await open();
  const ask = (dialog: string, kind: 'alert' | 'confirm' | 'prompt' | 'beforeunload') =>
    peer.say({
      t: 'dialog',
      dialog,
      kind,
      message: `Message of ${dialog}`,
      default: 'a default',
      url: 'https://example.com:8443/path',
    });
  ask('alert-1', 'alert');
  await page.getByText('example.com:8443 says').waitFor();
  await page.getByRole('tab').first().click();
  await page.getByRole('button', { name: 'OK' }).click();
  peer.say({ t: 'dialogClosed', dialog: 'alert-1' });
  ask('confirm-1', 'confirm');
  await page.getByText('Message of confirm-1').waitFor();
  await page.keyboard.press('Escape');
  peer.say({ t: 'dialogClosed', dialog: 'confirm-1' });
  ask('prompt-1', 'prompt');
  await page.getByText('Message of prompt-1').waitFor();
  await page.keyboard.type('typed instead');
  await page.keyboard.press('Enter');
  peer.say({ t: 'dialogClosed', dialog: 'prompt-1' });
  ask('leave-1', 'beforeunload');
  await page.getByRole('button', { name: 'Stay' }).click();
  peer.say({ t: 'dialogClosed', dialog: 'leave-1' });
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await said('follow')).toHaveLength(1);
  const [alert, confirm, prompt, leave] = await said('dialog');
  expect([alert, confirm, leave].map((one) => [one?.dialog, one?.accept])).toEqual([
    ['alert-1', true],
    ['confirm-1', false],
    ['leave-1', false],
  ]);
  expect(prompt).toMatchObject({ dialog: 'prompt-1', accept: true, text: 'typed instead' });
});

test.for([
  ['https://example.com/first', 'example.com says'],
  ['https://ads.example:8443/', 'An embedded page at ads.example:8443 says'],
  ['blob:https://example.com/0b1c', 'example.com says'],
  ['about:srcdoc', 'An embedded page on example.com says'],
] as const)('a dialog of %s names its site', async ([url, title], { open }) => {
  const { page, peer } = await open();
  const rest = { message: 'Hello.', default: '' };
  peer.say({ t: 'dialog', dialog: 'd', kind: 'alert', url, ...rest });
  await page.getByRole('dialog', { name: title, exact: true }).waitFor();
});

test.for([
  ['about:blank', 'The page says'],
  ['file:///home/report.html', 'A file says'],
] as const)('a dialog of %s has no site to name', async ([url, title], { open }) => {
  const { page, peer } = await open();
  const rest = { message: 'Hello.', default: '' };
  peer.say(
    { ...TABS, tabs: [{ ...TAB, url }] },
    { t: 'dialog', dialog: 'd', kind: 'alert', url, ...rest },
  );
  await page.getByRole('dialog', { name: title, exact: true }).waitFor();
});

test('whoever only watches sees a dialog, and cannot answer it', async ({ open }) => {
  const { page, peer, said } = await open({ hello: { isInteractive: false } });
  const rest = { message: 'Sure?', default: '', url: 'https://example.com' };
  peer.say({ t: 'dialog', dialog: 'd', kind: 'confirm', ...rest });
  await page.getByText('Sure?').waitFor();
  await page.getByText('The driver answers').waitFor();
  const buttons = page.getByRole('dialog').getByRole('button');
  expect(await buttons.count()).toBe(2);
  for (const button of await buttons.all()) expect(await button.isDisabled()).toBe(true);
  await page.keyboard.press('Escape');
  expect(await said('dialog')).toEqual([]);
});

test('chosen files are sent in order, in pieces of at most 64 KiB', async ({ open }) => {
  const { page, peer } = await open();
  const large = Buffer.from(Array.from({ length: 3_000_001 }, (_, i) => i % 251));
  peer.say({ t: 'chooser', chooser: 'c1', isMultiple: true });
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose' }).click();
  await (
    await chooser
  ).setFiles([
    { name: 'large.bin', mimeType: 'application/octet-stream', buffer: large },
    { name: 'empty.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) },
    { name: 'small – ü.txt', mimeType: 'text/plain', buffer: Buffer.from('small') },
  ]);
  expect(await peer.heard('files')).toEqual([
    {
      t: 'files',
      chooser: 'c1',
      files: [
        { name: 'large.bin', size: 3_000_001 },
        { name: 'empty.txt', size: 0 },
        { name: 'small – ü.txt', size: 5 },
      ],
    },
  ]);
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await expect
    .poll(() => peer.contents.reduce((sum, { byteLength }) => sum + byteLength, 0))
    .toBe(3_000_006);
  expect(Math.max(...peer.contents.map(({ byteLength }) => byteLength))).toBe(65_536);
  expect(Buffer.concat(peer.contents).equals(Buffer.concat([large, Buffer.from('small')]))).toBe(
    true,
  );
});

test('a file is dropped on the dialog, or none is chosen', async ({ open }) => {
  const { page, peer, said } = await open();
  peer.say({ t: 'chooser', chooser: 'c1', isMultiple: false });
  await page.getByRole('dialog').waitFor();
  await page.evaluate(`{
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['first'], 'a.txt'));
    dataTransfer.items.add(new File(['second'], 'b.txt'));
    document.querySelector('dialog').dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }));
  }`);
  await expect.poll(() => Buffer.concat(peer.contents).toString()).toBe('first');
  peer.say(
    { t: 'chooserClosed', chooser: 'c1' },
    { t: 'chooser', chooser: 'c2', isMultiple: true },
  );
  await page.getByText('The page asks for files').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  expect(await said('files')).toEqual([
    { t: 'files', chooser: 'c1', files: [{ name: 'a.txt', size: 5 }] },
    { t: 'files', chooser: 'c2', files: [] },
  ]);
});

test('a download is saved under its name, with the token, or says that it failed', async ({
  open,
  server,
}) => {
  const { page, peer } = await open();
  const asked: (string | undefined)[] = [];
  server.answerFile = ({ url, headers }, response) => {
    asked.push(url, headers.authorization);
    response.writeHead(asked.length > 2 ? 200 : 404).end('content');
  };
  peer.say({ t: 'download', file: 'file 1', name: 'report.txt', sizeBytes: 1_234_567 });
  await page.getByText('1.2 MB').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Could not be saved').waitFor();
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Try again' }).click();
  const download = await saved;
  expect(download.suggestedFilename()).toBe('report.txt');
  expect(await readFile(await download.path(), 'utf8')).toBe('content');
  await page.getByText('Saved').waitFor();
  const request = ['/embed/live/runtime-1/files/file%201', `Bearer ${peer.token}`];
  expect(asked).toEqual([...request, ...request]);
});

test('a notice is shown once, and can be hidden', async ({ open }) => {
  const { page, peer } = await open();
  peer.say({ t: 'notice', message: 'Not allowed.' }, { t: 'notice', message: 'Not allowed.' });
  await page.getByText('Not allowed.').waitFor();
  expect(await page.getByText('Not allowed.').count()).toBe(1);
  await page.getByRole('button', { name: 'Hide' }).click();
  expect(await page.getByText('Not allowed.').count()).toBe(0);
});
