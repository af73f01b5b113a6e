import { PassThrough, type Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import yazl from 'yazl';
import { RuntimeError } from '../errors.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { StoredFile } from './file.ts';
import type { FileStore } from './file-store.ts';

/** How many files are known ahead. */
const PAGE = 500;
/** Much of what is stored is compressed already, and the others wait for the same cores. */
const COMPRESSION_LEVEL = 1;
/** A plain file that its owner may write. */
const MODE = 0o100644;
/** What Windows takes for the name of a drive. */
const DRIVE = /^([A-Za-z]):/;

export interface ZipParts {
  store: Pick<FileStore, 'list' | 'findByPath'>;
  storage: Pick<ObjectStorage, 'get'>;
}

/**
 * The files of a namespace whose paths begin with a text, as a zip that is made while it is read: one
 * file is open at a time. Their names are relative to the folder in which the text ends. A file that
 * is removed meanwhile is left out.
 */
export function zipFiles(parts: ZipParts, namespaceId: string, prefix: string): Readable {
  const zip = new yazl.ZipFile();
  const content = new PassThrough();
  const folderLength = prefix.lastIndexOf('/') + 1;
  const add = async () => {
    for await (const listed of listAll(parts.store, namespaceId, prefix)) {
      const found = await openNow(parts, namespaceId, listed);
      if (!found) continue;
      const { file, reading } = found;
      const name = file.path.slice(folderLength).replace(DRIVE, '$1_');
      const stop = () => reading.destroy();
      content.once('close', stop);
      if (content.destroyed) stop();
      const { createdAt: mtime, sizeBytes: size } = file;
      const how = { mtime, size, mode: MODE, compressionLevel: COMPRESSION_LEVEL };
      zip.addReadStream(reading, name, how);
      await finished(reading);
      content.off('close', stop);
    }
    zip.end();
  };
  const fail = (error: Error) => content.destroy(error);
  zip.on('error', fail);
  pipeline(zip.outputStream, content).catch(fail);
  add().catch(fail);
  return content;
}

async function* listAll(
  store: ZipParts['store'],
  namespaceId: string,
  prefix: string,
): AsyncGenerator<StoredFile> {
  let page: StoredFile[] = [];
  do {
    const after = page.at(-1)?.path;
    page = await store.list(namespaceId, { prefix, after, limit: PAGE });
    yield* page;
  } while (page.length === PAGE);
}

/** Opens what is at the path of a file by now; undefined: nothing. */
async function openNow(
  { store, storage }: ZipParts,
  namespaceId: string,
  listed: StoredFile,
): Promise<{ file: StoredFile; reading: Readable } | undefined> {
  let file = listed;
  for (;;) {
    try {
      return { file, reading: await storage.get(keyOf(file)) };
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== 'storage.object_missing') throw error;
      const current = await store.findByPath(namespaceId, file.path);
      if (!current) return undefined;
      if (current.key === file.key) throw error;
      file = current;
    }
  }
}

function keyOf({ id, key }: StoredFile): string {
  if (key !== undefined) return key;
  throw new Error(`the stored file ${id} has no key`);
}
