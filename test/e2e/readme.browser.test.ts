import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { findExecutable } from '../../src/runtime-manager/browser/install/find-executable.ts';
import { openSite } from '../support/site.ts';
import { freshDirectory } from '../support/storages.ts';
import { test } from '../support/test.ts';

const run = promisify(execFile);
const searchPath = process.env['PATH'] ?? '';

/** The snippet of the section that is in this language. */
async function snippetOf(language: string): Promise<string> {
  const readme = await readFile('README.md', 'utf8');
  const section = readme.split('### Without a library')[1] ?? '';
  return new RegExp('```' + language + '\n(.*?)```', 's').exec(section)?.[1] ?? '';
}

for (const [language, command, args] of [
  ['sh', 'sh', ['-c']],
  ['python', 'python3', ['-c']],
  ['js', process.execPath, ['--input-type=module', '-e']],
] as const) {
  const missing = (await findExecutable([command], searchPath)) === undefined;
  test.skipIf(missing && command !== process.execPath)(
    `the ${language} snippet of the README creates a runtime`,
    async ({ service }) => {
      const env = { PATH: searchPath, BCTRL_URL: service.url, BCTRL_API_KEY: service.apiKey };
      const { stdout } = await run(command, [...args, await snippetOf(language)], { env });
      expect(JSON.parse(stdout)).toMatchObject({
        status: 'active',
        alias: expect.stringMatching(/^from-/),
        connection: { cdpUrl: expect.stringMatching(/^ws:/) },
      });
    },
  );
}

test('the snippet of the README about one-shots makes what it says', async ({ service }) => {
  const readme = await readFile('README.md', 'utf8');
  const section = readme.split('### One-shots\n')[1] ?? '';
  const [, snippet = ''] = /```sh\n(.*?)```/s.exec(section) ?? [];
  const site = await openSite('<h1>Example</h1><a href="/more">more</a>');
  const cwd = await freshDirectory();
  const env = { PATH: searchPath, BCTRL_URL: service.url, BCTRL_API_KEY: service.apiKey };
  await run('sh', ['-ec', snippet.replaceAll('https://example.com', site)], { cwd, env });
  const read = (file: string) => readFile(join(cwd, file), 'latin1');
  expect(await read('page.png')).toMatch(/^.PNG/s);
  expect(await read('page.pdf')).toMatch(/^%PDF/);
  expect(await read('page.html')).toContain('<h1>Example</h1>');
  expect(JSON.parse(await read('elements.json'))).toMatchObject({
    elements: { title: [{ text: 'Example' }], links: [{ attributes: { href: '/more' } }] },
  });
});
