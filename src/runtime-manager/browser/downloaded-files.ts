import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { hostPart, seenPart, type FilesFolder } from './own-files.ts';
import { OpenFolder } from './open-folder.ts';

/** As many as in Chromium; a further namesake keeps its guid, which no other file has. */
const NAMESAKES_MAX = 100;
/** A file's name has at most 255 bytes; the rest is for a number. */
const NAME_MAX_BYTES = 240;
const EXTENSION_MAX_BYTES = 40;

/** A download that is complete. */
export interface Downloaded {
  guid: string;
  /** The path that the browser says it wrote. */
  filePath: string;
  /** The site's name for the file; undefined when nobody knows it. */
  suggestedName: string | undefined;
}

/** The names that a download is to have beside its own. */
export interface Wanted {
  /** Whether a client looks for the file by its guid, among the downloads. */
  byGuid: boolean;
  /** Folders of helpers, as the helpers see them, in which they look for the file by its guid. */
  folders: readonly string[];
}

/**
 * Opens a download to read. Undefined when it lies outside of the downloads, or when there is no
 * plain file in its place.
 */
export async function openDownload(
  filePath: string,
  files: FilesFolder,
): Promise<FileHandle | undefined> {
  const found = posix.basename(filePath);
  if (filePath !== `${seenPart(files, 'downloads')}/${found}`) return undefined;
  try {
    await using downloads = await OpenFolder.open(hostPart(files, 'downloads'));
    return await downloads.openFile(found);
  } catch {
    // The browser removed the file, or put something else there.
    return undefined;
  }
}

/**
 * Gives a file that arrived under its guid a name for people, with a number when that name is
 * taken, and the names that clients look for. Resolves with the file's name. A file outside of the
 * downloads is left alone.
 */
export async function nameDownload(
  { guid, filePath, suggestedName }: Downloaded,
  files: FilesFolder,
  { byGuid, folders }: Wanted,
): Promise<string> {
  const found = posix.basename(filePath);
  if (filePath !== `${seenPart(files, 'downloads')}/${found}`) return found;
  await using downloads = await OpenFolder.open(hostPart(files, 'downloads'));
  await Promise.all(folders.map((folder) => linkInto(folder, files, downloads, { found, guid })));
  if (found !== guid) return found;
  const name = await linkByName(downloads, guid, toFileName(suggestedName ?? guid));
  if (!byGuid && name !== guid) await downloads.unlink(guid);
  return name;
}

/** A folder that the helper has removed needs no file any more. */
async function linkInto(
  folder: string,
  files: FilesFolder,
  downloads: OpenFolder,
  { found, guid }: { found: string; guid: string },
): Promise<void> {
  const own = seenPart(files, 'playwright');
  if (!folder.startsWith(`${own}/`)) return;
  const below = folder.slice(own.length + 1).split('/');
  try {
    await using there = await OpenFolder.open(hostPart(files, 'playwright'), below);
    await downloads.link(found, there, guid);
  } catch {
    // The client sees a download without a file, as when its folder goes meanwhile.
  }
}

async function linkByName(downloads: OpenFolder, guid: string, name: string): Promise<string> {
  const { name: stem, ext } = posix.parse(name);
  for (let nth = 0; nth <= NAMESAKES_MAX; nth++) {
    const numbered = nth === 0 ? name : `${stem} (${nth})${ext}`;
    if (await downloads.link(guid, downloads, numbered)) return numbered;
  }
  return guid;
}

/** What no path of a stored file has. */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[/\\\x00-\x1f\x7f-\x9f]|\u{10FFFF}/gu;

/** A plain name, however the site spells it. */
export function toFileName(suggested: string): string {
  const plain = suggested.replaceAll(UNSAFE, '_').replace(/^\.+$/, '_');
  const { name, ext } = posix.parse(plain);
  const end = cut(ext, EXTENSION_MAX_BYTES);
  return cut(name, NAME_MAX_BYTES - Buffer.byteLength(end)) + end || '_';
}

/** Cuts a text to a number of bytes, and leaves no half character at its end. */
function cut(text: string, bytes: number): string {
  return Buffer.from(text)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}
