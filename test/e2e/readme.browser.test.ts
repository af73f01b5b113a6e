import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { findExecutable } from '../../src/runtime-manager/browser/install/find-executable.ts';
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
