import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { fromBufferPromise } from 'yauzl';
import { test } from '../support/api-test.ts';
import { pathsIn } from '../support/file-requests.ts';
import { freshDirectory } from '../support/storages.ts';

const run = promisify(execFile);

test('the snippet of the README about files does what it says', async ({ service }) => {
  const readme = await readFile('README.md', 'utf8');
  const section = readme.split('### Files\n')[1] ?? '';
  const [, snippet = ''] = /```sh\n(.*?)```/s.exec(section) ?? [];
  const cwd = await freshDirectory();
  await writeFile(join(cwd, 'march.csv'), 'a,b\n');
  const env = {
    PATH: process.env['PATH'] ?? '',
    BCTRL_URL: service.url,
    BCTRL_API_KEY: service.apiKey,
  };
  await run('sh', ['-ec', snippet], { cwd, env });
  expect(JSON.parse(await readFile(join(cwd, 'list.json'), 'utf8'))).toMatchObject({
    files: [{ path: 'reports/march.csv', contentType: 'text/csv', sizeBytes: 4 }],
    folders: ['reports/2026/'],
  });
  expect(await readFile(join(cwd, 'downloaded.csv'), 'utf8')).toBe('a,b\n');
  const zip = await fromBufferPromise(await readFile(join(cwd, 'reports.zip')));
  expect(zip.entryCount).toBe(2);
  expect(await pathsIn(service, 'shared')).toEqual(['reports/2026/march.csv']);
});
