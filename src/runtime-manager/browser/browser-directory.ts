import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Jail } from '../machine/jail/jail.ts';
import { createFilesFolder, type FilesFolder } from './own-files.ts';
import { unpackStagehandExtension } from './stagehand/stagehand-extension.ts';

/** `<TMPDIR>/org.chromium.Chromium.XXXXXX/SingletonSocket` has to fit a unix socket's address. */
const SOCKET_PATH_MAX = 107;
const SOCKET_NAME = '/org.chromium.Chromium.XXXXXX/SingletonSocket';
const NAME_BYTES = 6;
const DIRECTORY_NAME = `/${'x'.repeat(2 * NAME_BYTES)}/tmp`;

/** A folder's two paths: that on the machine, and that which the browser's programs see. */
export interface Place {
  path: string;
  seen: string;
}

/** Everything that one browser writes; disposing removes all of it. */
export interface BrowserDirectory extends AsyncDisposable, Place {
  /** The directory's name in the root. */
  name: string;
  userData: Place;
  /** The part that clients may name; on disk. */
  files: FilesFolder;
  /** The parts that lie on a disk, where only the service sees how large they are. */
  onDisk: string[];
  /** Unpacked extensions, which the browser only reads. */
  extensions: Place;
  /** Unpacked extensions that Chromium keeps an index beside. */
  indexedExtensions: Place;
  /** The service's own copy of the extension that Stagehand works from. */
  stagehandExtension: Place;
  /** The variables that make a process keep its files here. */
  env: { HOME: string; TMPDIR: string };
}

/** Where browsers have their directories, and what lies on disk beside them. */
export interface BrowserRoots {
  /** Best in memory. */
  root: string;
  filesRoot: string;
  extensionRoot: string;
}

/** Throws when a browser under `root` could not open its sockets. */
export function assertUsableRoot(root: string): void {
  const longest = root.length + DIRECTORY_NAME.length + SOCKET_NAME.length;
  if (longest <= SOCKET_PATH_MAX) return;
  const most = root.length - (longest - SOCKET_PATH_MAX);
  throw new Error(
    `BCTRL_BROWSER_DIR is too long: Chromium's sockets need its path to have at most ${most} characters, but ${root} has ${root.length}.`,
  );
}

/**
 * The user data is the directory's own, unless `userDataDir` names another place. Where the browser
 * sees the machine's files, the directory then holds a link to that place.
 */
export async function openBrowserDirectory(
  roots: BrowserRoots,
  jail: Jail,
  userDataDir: string | undefined,
): Promise<BrowserDirectory> {
  const name = randomBytes(NAME_BYTES).toString('hex');
  const path = join(roots.root, name);
  const files = join(roots.filesRoot, name);
  const extensions = join(roots.extensionRoot, name);
  // The removal is retried: a process that is just being killed may still write its last file.
  const remove = async () => {
    const options = { recursive: true, force: true, maxRetries: 10, retryDelay: 20 };
    await Promise.all([files, extensions, path].map((one) => rm(one, options)));
  };
  const seen = jail.seen(path);
  const isApart = seen !== path;
  const place = (inside: string, onDisk: string): Place => ({
    path: onDisk,
    seen: isApart ? join(seen, inside) : onDisk,
  });
  try {
    await Promise.all([
      createOwnFolder(path),
      createFilesFolder(files, jail.owner),
      createExtensionFolders(extensions, jail.owner),
    ]);
    if (userDataDir !== undefined && !isApart) await symlink(userDataDir, join(path, 'data'));
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    path,
    seen,
    name,
    userData: place('data', userDataDir ?? join(path, 'data')),
    files: { seen: place('files', files).seen, onHost: files, owner: jail.owner },
    onDisk: [files, join(extensions, 'indexed'), userDataDir ?? (isApart ? [] : path)].flat(),
    extensions: place('extensions', join(extensions, 'shared')),
    indexedExtensions: place('indexed-extensions', join(extensions, 'indexed')),
    stagehandExtension: place('stagehand', stagehandIn(roots)),
    env: { HOME: seen, TMPDIR: join(seen, 'tmp') },
    [Symbol.asyncDispose]: remove,
  };
}

async function createOwnFolder(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 });
  await mkdir(join(path, 'tmp'));
}

async function createExtensionFolders(path: string, owner: Jail['owner']): Promise<void> {
  const [shared, indexed] = [join(path, 'shared'), join(path, 'indexed')];
  await mkdir(path);
  await Promise.all([mkdir(shared), mkdir(indexed)]);
  // Another user may have to read this folder, whatever the service's umask is.
  await chmod(shared, 0o755);
  if (owner) await chown(indexed, owner.uid, owner.gid);
}

/** Makes the roots empty and private: an earlier process of the service left what lies in them. */
export async function resetBrowserRoots(roots: BrowserRoots): Promise<void> {
  try {
    await removeBrowserRoots(roots);
    for (const root of rootsOf(roots)) await mkdir(root, { recursive: true, mode: 0o700 });
    await mkdir(stagehandIn(roots));
  } catch (cause) {
    throw new Error(`BCTRL_BROWSER_DIR cannot be used: ${String(cause)}`, { cause });
  }
}

/**
 * Puts into the roots what all browsers read. A browser that is launched meanwhile gets it later.
 */
export async function fillBrowserRoots(roots: BrowserRoots): Promise<void> {
  await unpackStagehandExtension(stagehandIn(roots));
}

function stagehandIn({ extensionRoot }: BrowserRoots): string {
  return join(extensionRoot, 'stagehand');
}

export async function removeBrowserRoots(roots: BrowserRoots): Promise<void> {
  for (const root of rootsOf(roots)) {
    await rm(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

function rootsOf({ root, filesRoot, extensionRoot }: BrowserRoots): string[] {
  return [root, filesRoot, extensionRoot];
}
