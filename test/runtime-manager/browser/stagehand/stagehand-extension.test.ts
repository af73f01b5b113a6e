import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { unpackStagehandExtension } from '../../../../src/runtime-manager/browser/stagehand/stagehand-extension.ts';
import { unzipExtension } from '../../../../src/runtime-manager/extensions/unzip.ts';
import { freshDirectory } from '../../../support/storages.ts';

const VENDORED = 'src/runtime-manager/browser/stagehand';
const INSTALLED = 'node_modules/@browserbasehq/stagehand';

async function pack(env: Record<string, string> = {}): Promise<string> {
  const directory = await freshDirectory();
  await promisify(execFile)(process.execPath, ['test/support/pack-stagehand.ts', directory], {
    env,
  });
  return directory;
}

async function describe(directory: string) {
  const archive = await readFile(join(directory, 'extension.zip'));
  const { sha256, ...origin } = JSON.parse(await readFile(join(directory, 'origin.json'), 'utf8'));
  expect(sha256).toBe(createHash('sha256').update(archive).digest('hex'));
  return {
    origin,
    license: await readFile(join(directory, 'LICENSE'), 'utf8'),
    content: await unzipExtension(join(directory, 'extension.zip'), await freshDirectory()),
  };
}

test('the packed extension is the one of the installed Stagehand', async () => {
  // Compares the content, because deflate gives other bytes on other processors.
  expect(await describe(VENDORED)).toEqual(await describe(await pack()));
  const { name, version, license } = JSON.parse(
    await readFile(`${INSTALLED}/package.json`, 'utf8'),
  );
  expect((await describe(VENDORED)).origin).toEqual({ name, version, license });
});

test('packing again gives the same archive, wherever it is done', async () => {
  const directories = await Promise.all([pack({ TZ: 'Asia/Tokyo' }), pack({ TZ: 'America/Lima' })]);
  const [one, other] = await Promise.all(
    directories.map((directory) => readFile(join(directory, 'extension.zip'))),
  );
  expect(one?.equals(other ?? Buffer.alloc(0))).toBe(true);
});

test('every user can read the unpacked extension, and nobody can change it', async () => {
  const folder = await freshDirectory();
  const before = process.umask(0o077);
  onTestFinished(() => void process.umask(before));
  await unpackStagehandExtension(folder);
  const source = join(INSTALLED, 'dist/extension');
  const names = (await readdir(source, { recursive: true })).toSorted();
  expect((await readdir(folder, { recursive: true })).toSorted()).toEqual(names);
  for (const name of ['.', ...names]) {
    const found = await stat(join(folder, name));
    expect([name, found.mode & 0o777]).toEqual([name, found.isDirectory() ? 0o755 : 0o444]);
    if (!found.isFile()) continue;
    expect(await readFile(join(folder, name))).toEqual(await readFile(join(source, name)));
  }
});
