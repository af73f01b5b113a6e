import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { PACKAGES } from '../../../../src/runtime-manager/browser/install/install-chromium.ts';

test('the image has the packages that a bare machine gets, with fonts for CJK and emoji', async () => {
  const image = await readFile(new URL('../../../../Dockerfile', import.meta.url), 'utf8');
  const [, installed = ''] = /apt-get install ((?:.|\\\n)+?) \\\n\s+&&/.exec(image) ?? [];
  expect(installed.split(/[\s\\]+/)).toEqual(expect.arrayContaining(PACKAGES));
  expect(PACKAGES).toEqual(expect.arrayContaining(['fonts-noto-cjk', 'fonts-noto-color-emoji']));
});
