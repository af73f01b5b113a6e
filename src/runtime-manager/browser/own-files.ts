import { lstatSync } from 'node:fs';
import { chown, mkdir } from 'node:fs/promises';
import { join, posix } from 'node:path';

/** The folder of a runtime's files: all that clients may name of the machine, and used for nothing else. */
export interface FilesFolder {
  /** Its path as the browser sees it, and whoever speaks to the browser. */
  seen: string;
  /** Where it lies for the service. */
  onHost: string;
  /** To whom what lies in it has to belong; undefined: to the service. */
  owner?: { uid: number; gid: number } | undefined;
}

/** What is in it, by whoever writes it: the browser, the service, and the two helpers. */
const PARTS = ['downloads', 'uploads', 'playwright', 'chromedriver'] as const;

export type Part = (typeof PARTS)[number];

const PRIVATE = 0o700;
/** Nobody else comes to where it lies. */
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
 * What the service writes, and the folder itself, stay the service's: it follows no link there that
 * a browser could have made.
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
 * Whether a path leads to the runtime's own files, or to none yet: inside the folder, written
 * plainly, and over no link, wherever that leads.
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
    // No path of the system at all: too long, or with a zero in it.
    return false;
  }
}
