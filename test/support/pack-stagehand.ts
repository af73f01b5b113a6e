/**
 * Packs the extension of the Stagehand that is installed, which the service has its own copy of, since
 * the whole package is 34 MB: `npm run pack:stagehand [-- DIRECTORY]`, `src/runtime-manager/browser/stagehand` without one.
 * The same package gives the same archive.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { z } from 'zod';

const NAME = '@browserbasehq/stagehand';
/** No time zone is in it: zips begin in 1980. */
const SAME_FOR_ALL = {
  mtime: new Date(0),
  forceDosTimestamp: true,
  mode: 0o100644,
  compressionLevel: 9,
};

const Manifest = z.object({ name: z.literal(NAME), version: z.string(), license: z.string() });

const manifestPath = findPackageJSON(NAME, import.meta.url);
if (manifestPath === undefined) throw new Error(`${NAME} is not installed.`);
const home = dirname(manifestPath);
const target = process.argv[2] ?? 'src/runtime-manager/browser/stagehand';
await mkdir(target, { recursive: true });
const archive = await zipOf(join(home, 'dist/extension'));
const origin = {
  ...Manifest.parse(JSON.parse(await readFile(manifestPath, 'utf8'))),
  sha256: createHash('sha256').update(archive).digest('hex'),
};
await writeFile(join(target, 'extension.zip'), archive);
await writeFile(join(target, 'origin.json'), `${JSON.stringify(origin, null, 2)}\n`);
await copyFile(join(home, 'LICENSE'), join(target, 'LICENSE'));

async function zipOf(directory: string): Promise<Buffer> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const zip = new ZipFile();
  for (const path of paths.toSorted()) {
    zip.addBuffer(await readFile(path), relative(directory, path), SAME_FOR_ALL);
  }
  zip.end();
  return buffer(zip.outputStream);
}
