import { lstatSync } from 'node:fs';
import { chown, mkdir } from 'node:fs/promises';
import { join, posix } from 'node:path';

/**
 * The folder of a runtime's files. Clients may name no other path of the machine, and the folder
 * holds nothing else.
 */
export interface FilesFolder {
  /** The path that the browser, and whoever speaks to the browser, sees. */
  seen: string;
  /** The path that the service sees. */
  onHost: string;
  /** The user that has to own the content; undefined: the service's own user. */
  owner?: { uid: number; gid: number } | undefined;
}

/** The folder's parts, one for each writer: the browser, the service and the two helpers. */
const PARTS = ['downloads', 'uploads', 'playwright', 'chromedriver'] as const;

export type Part = (typeof PARTS)[number];

/** The suffix that Chromium gives a file until its download is complete. */
export const PARTIAL = '.crdownload';

const PRIVATE = 0o700;
/** No other user can reach the place that the folder lies in. */
const OPEN = 0o755;

/** The path of a part of the folder, as the browser sees it. */
export function seenPart({ seen }: FilesFolder, part: Part): string {
  return `${seen}/${part}`;
}

/** Where a part of the folder lies for the service. */
export function hostPart({ onHost }: FilesFolder, part: Part): string {
  return join(onHost, part);
}

/**
 * The folder itself and `uploads` stay the service's, so that no browser can make a link there that
 * the service would follow.
 */
export async function createFilesFolder(path: string, owner?: FilesFolder['owner']): Promise<void> {
  await mkdir(path, { mode: OPEN });
  await Promise.all(
    PARTS.map(async (part) => {
      const own = join(path, part);
      await mkdir(own, { mode: part === 'uploads' ? OPEN : PRIVATE });
      if (owner && part !== 'uploads') await chown(own, owner.uid, owner.gid);
    }),
  );
}

/**
 * Whether a path leads to one of the runtime's own files, or to none yet: the path is written
 * plainly, lies inside the folder, and crosses no link, wherever the link leads.
 */
export function isOwnFile(path: string, { seen, onHost }: FilesFolder): boolean {
  const isPlain = posix.normalize(path) === path && !path.endsWith('/');
  if (!isPlain || !path.startsWith(`${seen}/`)) return false;
  let at = onHost;
  try {
    for (const name of path.slice(seen.length + 1).split('/')) {
      at = join(at, name);
      const found = lstatSync(at, { throwIfNoEntry: false });
      if (!found) return true;
      if (found.isSymbolicLink()) return false;
    }
    return true;
  } catch {
    // The system takes no such path: it is too long, or has a NUL in it.
    return false;
  }
}
