import { posix } from 'node:path';
import { hostPart, seenPart, type FilesFolder } from './own-files.ts';
import { OpenFolder } from './open-folder.ts';

/** As Chromium does; then a name that is no one else's. */
const NAMESAKES_MAX = 100;
/** A file's name has at most 255 bytes; one may be numbered. */
const NAME_MAX_BYTES = 240;
const EXTENSION_MAX_BYTES = 40;

/** A download that is complete. */
export interface Downloaded {
  guid: string;
  /** Where the browser says that it put it. */
  filePath: string;
  /** What the site calls it; undefined: nobody knows. */
  suggestedName: string | undefined;
}

/** Which names a download is to have beside that of its own. */
export interface Wanted {
  /** Whether somebody looks for it by its guid, among the downloads. */
  byGuid: boolean;
  /** Folders of helpers, as they see them, where these look for it by its guid. */
  folders: readonly string[];
}

/**
 * Gives a file that came as its guid the name it has for people, another for each of the same name,
 * and those it is looked for by. Resolves with its name. What lies elsewhere than among the downloads
 * is left alone.
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

/** One that the helper has removed needs no file any more. */
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
    // Its client sees a download without a file, as when the folder goes on the way.
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

/** A plain name, however the site spells it. */
export function toFileName(suggested: string): string {
  // oxlint-disable-next-line no-control-regex
  const plain = suggested.replaceAll(/[/\\\x00-\x1f\x7f]/g, '_').replace(/^\.+$/, '_');
  const { name, ext } = posix.parse(plain);
  const end = cut(ext, EXTENSION_MAX_BYTES);
  return cut(name, NAME_MAX_BYTES - Buffer.byteLength(end)) + end || '_';
}

/** Without half a character at its end. */
function cut(text: string, bytes: number): string {
  return Buffer.from(text)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}
