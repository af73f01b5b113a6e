import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { zstdDecompressSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { writePreferences } from '../../../src/runtime-manager/browser/preferences.ts';
import { openStorage } from '../../../src/runtime-manager/index.ts';
import { unpackState } from '../../../src/runtime-manager/machine/profiles/local-profile.ts';
import { ReadyStates } from '../../../src/runtime-manager/machine/profiles/ready-states.ts';
import { packInto } from '../../../src/runtime-manager/profiles/profiles.ts';
import { archiveOf, type TarEntry } from '../../support/tar.ts';

async function freshDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'bctrl-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function write(root: string, path: string, content = 'x'): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  return file;
}

/** A file of the machine, which no state has any business with. */
const victim = async (root: string) => write(root, 'victim', 'of the machine');

async function unpackedFrom(root: string, entries: TarEntry[]): Promise<string> {
  const storage = await openStorage(undefined, join(root, 'objects'));
  const content = archiveOf(entries);
  await storage.put('crafted', Readable.from([content]));
  const sha256 = createHash('sha256').update(content).digest('hex');
  const userDataDir = join(root, 'data');
  await unpackState({ key: 'crafted', sha256 }, storage, userDataDir);
  return userDataDir;
}

const all = async (directory: string) => (await readdir(directory, { recursive: true })).toSorted();

test('only the files and directories of the state are unpacked from an archive', async () => {
  const root = await freshDirectory();
  const file = await victim(root);
  const isRoot = process.getuid?.() === 0;
  const data = await unpackedFrom(root, [
    { name: './Default/', type: 'directory' },
    { name: './Default/Cookies', content: 'kept', mode: 0o600 },
    { name: './Default/run', content: '#!/bin/sh', mode: 0o4755 },
    { name: './Default/Preferences', type: 'link', to: file },
    { name: './Default/History', type: 'link', to: '../../victim' },
    { name: './Default/Local Storage', type: 'link', to: root },
    { name: './Default/pipe', type: 'fifo' },
    ...(isRoot ? [{ name: './Default/device', type: 'device' } as const] : []),
    { name: './Default/Extensions/a/manifest.json', content: '{}' },
    { name: './Default/Web Applications/x.desktop', content: 'Exec=/bin/sh' },
    { name: './Default/Sync Data/LevelDB/CURRENT', content: 'x' },
    { name: './Local State', content: '{"browser":{"enabled_labs_experiments":["x@1"]}}' },
    { name: './WidevineCdm/latest-component-updated-widevine-cdm', content: '{"Path":"/tmp"}' },
    { name: './NativeMessagingHosts/com.evil.host.json', content: '{"path":"/bin/sh"}' },
    { name: './External Extensions/a.json', content: '{}' },
    { name: './x.desktop', content: 'Exec=/bin/sh' },
    { name: '/absolute', content: 'x' },
    { name: '/Default/Favicons', content: 'without its slash' },
  ]);
  expect(await all(data)).toEqual([
    'Default',
    'Default/Cookies',
    'Default/Favicons',
    'Default/run',
  ]);
  expect(await readFile(join(data, 'Default/Cookies'), 'utf8')).toBe('kept');
  expect((await stat(join(data, 'Default/run'))).mode & 0o7111).toBe(0);
  expect(await readFile(file, 'utf8')).toBe('of the machine');
  await expect(stat('/absolute')).rejects.toThrow();
});

test.for<[string, (root: string) => TarEntry[]]>([
  ['leaves its directory', () => [{ name: '../escaped', content: 'x' }]],
  ['leaves it from within', () => [{ name: './Default/../../escaped', content: 'x' }]],
  [
    'writes through a link',
    (root) => [
      { name: './Default', type: 'link', to: root },
      { name: './Default/escaped', content: 'x' },
    ],
  ],
  [
    'links to a file of the machine',
    (root) => [{ name: './Default/Cookies', type: 'hardLink', to: join(root, 'victim') }],
  ],
])('an archive that %s is not unpacked', async ([, entries]) => {
  const root = await freshDirectory();
  await victim(root);
  await expect(unpackedFrom(root, entries(root))).rejects.toMatchObject({
    code: 'service.unavailable',
  });
  expect(await readdir(root)).not.toContain('escaped');
  expect(await readFile(join(root, 'victim'), 'utf8')).toBe('of the machine');
});

test('a state whose directory is a link is replaced by an empty one', async () => {
  const root = await freshDirectory();
  const outside = join(root, 'outside');
  await mkdir(outside);
  const data = await unpackedFrom(root, [{ name: './Default', type: 'link', to: outside }]);
  expect(await all(data)).toEqual([]);
  await writePreferences(data, {
    extensionPaths: [],
    downloadsPath: '/downloads',
    locale: undefined,
    isTrial: false,
  });
  expect(await all(data)).toEqual(['Default', 'Default/Preferences']);
  expect(await all(outside)).toEqual([]);
});

test('what a browser leaves beside its state is not handed on to the next one', async () => {
  const root = await freshDirectory();
  const file = await victim(root);
  const data = join(root, 'data');
  await write(data, 'Default/Cookies', 'kept');
  await chmod(await write(data, 'Default/IndexedDB/run'), 0o755);
  await write(data, 'Default/Code Cache/js/index');
  await write(data, 'Local State');
  await write(data, 'Last Version');
  await write(data, 'WidevineCdm/latest-component-updated-widevine-cdm');
  await write(data, 'NativeMessagingHosts/com.evil.host.json');
  await write(data, '.config/autostart/x.desktop');
  await symlink(file, join(data, 'Default/Preferences'));
  await symlink(root, join(data, 'Default/Local Storage'));
  await link(file, join(data, 'Default/History'));
  const pipe = zstdDecompressSync(archiveOf([{ name: 'Default/pipe', type: 'fifo' }]));
  execFileSync('tar', ['-x', '-C', data], { input: pipe });
  const socket = createServer().listen(join(data, 'Default/socket'));
  onTestFinished(() => void socket.close());
  await using ready = await ReadyStates.open(join(root, 'ready'));
  const archive = { key: 'profiles/x/y.tar.zst', sizeBytes: 1, sha256: 'x' };
  await ready.keep(archive, data);
  const next = join(root, 'next');
  expect(await ready.take(archive, next)).toBe(true);
  expect(await all(next)).toEqual([
    'Default',
    'Default/Cookies',
    'Default/IndexedDB',
    'Default/IndexedDB/run',
  ]);
  expect((await stat(join(next, 'Default/IndexedDB/run'))).mode & 0o111).toBe(0);
  expect(await readFile(file, 'utf8')).toBe('of the machine');
});

test('a link in the place of a whole state is neither kept nor archived', async () => {
  const root = await freshDirectory();
  const outside = join(root, 'outside');
  await write(outside, 'Default/secret');
  await symlink(outside, join(root, 'data'));
  await using ready = await ReadyStates.open(join(root, 'ready'));
  const archive = { key: 'y.tar.zst', sizeBytes: 1, sha256: 'x' };
  await expect(ready.keep(archive, join(root, 'data'))).rejects.toThrow('is no directory');
  const storage = await openStorage(undefined, join(root, 'objects'));
  await expect(packInto(storage, 'p', join(root, 'data'))).rejects.toThrow('is no directory');
  expect(await all(outside)).toEqual(['Default', 'Default/secret']);
});

test('only the state of a user data directory is archived', async () => {
  const root = await freshDirectory();
  const data = join(root, 'data');
  await write(data, 'Default/Cookies', 'kept');
  await write(data, 'Default/Extensions/a/manifest.json');
  await write(data, 'Local State');
  await write(data, 'WidevineCdm/latest-component-updated-widevine-cdm');
  const storage = await openStorage(undefined, join(root, 'objects'));
  const { key } = await packInto(storage, 'p', data);
  const packed = Buffer.concat(await (await storage.get(key)).toArray());
  const listed = execFileSync('tar', ['-t'], { input: zstdDecompressSync(packed) })
    .toString()
    .split('\n');
  expect(listed.filter(Boolean).toSorted()).toEqual(['./Default/', './Default/Cookies']);
});

const NO_EXTENSIONS = {
  extensionPaths: [],
  downloadsPath: '/downloads',
  locale: undefined,
  isTrial: false,
};

test('preferences are written beside what a link leads to, and not read from there', async () => {
  const root = await freshDirectory();
  const data = join(root, 'data');
  const file = await write(root, 'victim', '{"secret":1}');
  await mkdir(join(data, 'Default'), { recursive: true });
  const preferences = join(data, 'Default/Preferences');
  await symlink(file, preferences);
  await symlink(file, `${preferences}.new`);
  await writePreferences(data, NO_EXTENSIONS);
  expect((await lstat(preferences)).isFile()).toBe(true);
  expect(await readFile(preferences, 'utf8')).not.toContain('secret');
  expect(await readFile(file, 'utf8')).toBe('{"secret":1}');
  expect(await readdir(join(data, 'Default'))).toEqual(['Preferences']);
  await rm(preferences);
  await link(file, preferences);
  await writePreferences(data, NO_EXTENSIONS);
  expect(await readFile(file, 'utf8')).toBe('{"secret":1}');
});

test('preferences are not written into a directory that a link leads to', async () => {
  const root = await freshDirectory();
  const outside = join(root, 'outside');
  await mkdir(join(root, 'data'));
  await mkdir(outside);
  await symlink(outside, join(root, 'data/Default'));
  await expect(writePreferences(join(root, 'data'), NO_EXTENSIONS)).rejects.toThrow(
    'is no directory',
  );
  expect(await readdir(outside)).toEqual([]);
});
