import { join } from 'node:path';
import type { Mount } from '../machine/jail/jail.ts';
import { readOnly } from '../machine/jail/mounts.ts';
import { hostPart, seenPart, type FilesFolder, type Part } from './own-files.ts';
import type { BrowserDirectory, Place } from './browser-directory.ts';

const TEMPORARY_BYTES = 256 * 1024 ** 2;
const PREFERENCES = 'Default/Preferences';

/**
 * What a browser sees of the machine beside the system; a fresh browser has its state in memory.
 */
export function mountsOf(
  {
    seen,
    env,
    userData,
    files,
    extensions,
    indexedExtensions,
    stagehandExtension,
  }: BrowserDirectory,
  isFresh: boolean,
  directoryBytes: number,
): Mount[] {
  return [
    { kind: 'memory', at: seen, sizeBytes: directoryBytes },
    { kind: 'memory', at: env.TMPDIR, sizeBytes: TEMPORARY_BYTES },
    isFresh
      ? {
          kind: 'copy',
          from: join(userData.path, PREFERENCES),
          at: join(userData.seen, PREFERENCES),
        }
      : writable(userData),
    ...filesMounts(files, ['downloads', 'playwright']),
    readOnly(extensions.path, extensions.seen),
    writable(indexedExtensions),
    readOnly(stagehandExtension.path, stagehandExtension.seen),
  ];
}

/**
 * What a helper sees of its browser's directory: the files, of which the helper may change its own
 * part.
 */
export function helperMounts(
  { seen, env, files }: BrowserDirectory,
  own: 'playwright' | 'chromedriver',
): Mount[] {
  return [
    { kind: 'memory', at: seen, sizeBytes: TEMPORARY_BYTES },
    { kind: 'memory', at: env.TMPDIR, sizeBytes: TEMPORARY_BYTES },
    ...filesMounts(files, [own]),
  ];
}

function filesMounts(files: FilesFolder, changeable: Part[]): Mount[] {
  const parts = changeable.map((part) => ({
    path: hostPart(files, part),
    seen: seenPart(files, part),
  }));
  return [readOnly(files.onHost, files.seen), ...parts.map(writable)];
}

function writable({ path, seen }: Place): Mount {
  return { kind: 'folder', from: path, at: seen, writable: true };
}
