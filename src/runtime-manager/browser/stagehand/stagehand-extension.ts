import { chmod } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unzipExtension } from '../../extensions/unzip.ts';

/** Made by `npm run pack:stagehand`. */
const ARCHIVE = fileURLToPath(new URL('extension.zip', import.meta.url));
const FILE_MODE = 0o444;
const FOLDER_MODE = 0o755;

/**
 * Stagehand works from an extension that it loads into the browser, by a path on the client's
 * machine. This unpacks the service's own copy of it into an empty folder, where every user may
 * read it, whatever the service's umask is.
 */
export async function unpackStagehandExtension(folder: string): Promise<void> {
  const { files } = await unzipExtension(ARCHIVE, folder);
  const paths = [...files].map((file) => join(folder, file));
  for (const path of paths) await chmod(path, FILE_MODE);
  for (const path of new Set([folder, ...paths.map(dirname)])) await chmod(path, FOLDER_MODE);
}
