import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { nameDownload, toFileName } from '../../../src/runtime-manager/browser/downloaded-files.ts';
import { createFilesFolder } from '../../../src/runtime-manager/browser/own-files.ts';

const NOBODY = { byGuid: false, folders: [] };

async function openFiles() {
  const root = await mkdtemp(join(tmpdir(), 'files-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const onHost = join(root, 'files');
  await createFilesFolder(onHost);
  const files = { seen: '/runtime/files', onHost };
  const download = async (guid: string, suggestedName: string) => {
    await writeFile(join(onHost, 'downloads', guid), guid);
    return { guid, suggestedName, filePath: `/runtime/files/downloads/${guid}` };
  };
  return { root, files, download, downloads: () => readdir(join(onHost, 'downloads')) };
}

test('downloads of the same name are numbered, and keep their content', async () => {
  const { files, download, downloads } = await openFiles();
  const names = [];
  for (const guid of ['one', 'two', 'three']) {
    names.push(await nameDownload(await download(guid, 'a.tar.gz'), files, NOBODY));
  }
  expect(names).toEqual(['a.tar.gz', 'a.tar (1).gz', 'a.tar (2).gz']);
  expect((await downloads()).toSorted()).toEqual(names.toSorted());
  expect(await readFile(join(files.onHost, 'downloads', 'a.tar (2).gz'), 'utf8')).toBe('three');
});

test('a helper finds a download by its guid, and only in its own folder', async () => {
  const { root, files, download } = await openFiles();
  const outside = join(root, 'outside');
  await mkdir(outside);
  const helpers = join(files.onHost, 'playwright');
  await mkdir(join(helpers, 'artifacts'));
  await symlink(outside, join(helpers, 'link'));
  await mkdir(join(outside, 'inner'));
  const folders = ['artifacts', 'link', 'link/inner', '..', '../uploads', 'gone'].map(
    (name) => `/runtime/files/playwright/${name}`,
  );
  const wanted = { byGuid: true, folders: [...folders, outside] };
  expect(await nameDownload(await download('guid', 'a.txt'), files, wanted)).toBe('a.txt');
  expect(await readFile(join(helpers, 'artifacts', 'guid'), 'utf8')).toBe('guid');
  expect(await readdir(join(files.onHost, 'downloads'))).toEqual(['a.txt', 'guid']);
  expect(await readdir(join(files.onHost, 'uploads'))).toEqual([]);
  expect(await readdir(outside, { recursive: true })).toEqual(['inner']);
});

test('a file outside the folder is left where it is', async () => {
  const { root, files } = await openFiles();
  const filePath = join(root, 'outside');
  await writeFile(filePath, 'of somebody');
  const elsewhere = { guid: 'outside', suggestedName: 'a.txt', filePath };
  expect(await nameDownload(elsewhere, files, { byGuid: false, folders: [] })).toBe('outside');
  expect(await readFile(filePath, 'utf8')).toBe('of somebody');
});

test('a file gets a plain name, whatever the site calls it', () => {
  expect(toFileName('../../etc/passwd')).toBe('.._.._etc_passwd');
  expect(toFileName('..')).toBe('_');
  expect(toFileName('')).toBe('_');
  expect(toFileName('a\0b\n.txt')).toBe('a_b_.txt');
  // No path of a stored file may have them.
  expect(toFileName('a\u{85}\u{10FFFF}\\.txt')).toBe('a___.txt');
  expect(Buffer.byteLength(toFileName(`${'ü'.repeat(300)}.txt`))).toBeLessThan(245);
  expect(toFileName(`${'ü'.repeat(300)}.txt`)).toMatch(/^ü+\.txt$/);
});
