import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openFolder } from '../../support/folder.ts';
import { liveTest } from '../../support/live-test.ts';

const test = liveTest();

test('a person clicks, gives the page a file, and saves what the browser has downloaded', async ({
  seen: { input, live },
}) => {
  const { page } = live;
  const path = join(await openFolder(), 'holiday.txt');
  await writeFile(path, 'sun and sea');
  await live.click(20, 20);
  await input.noted('click button true ');
  await live.click(40, 275);
  const chooser = page.waitForEvent('filechooser');
  await live.press('Choose');
  await (await chooser).setFiles(path);
  await input.hasFiles([['holiday.txt', 'sun and sea']]);
  await live.click(20, 470);
  const saved = page.waitForEvent('download');
  await live.press('Save');
  const download = await saved;
  expect(download.suggestedFilename()).toBe('notes.txt');
  expect(await readFile(await download.path(), 'utf8')).toBe('some notes');
});
