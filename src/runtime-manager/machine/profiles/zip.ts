import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PassThrough, type Readable } from 'node:stream';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import yazl from 'yazl';
import { RuntimeError } from '../../errors.ts';
import { isImported } from '../../profiles/imported.ts';
import { isLeftOut } from './excluded-paths.ts';

const OPTIONS = { strictFileNames: true, lazyEntries: true, autoClose: false };
const ENTRIES_MAX = 100_000;
/** How many times its size an archive may unpack to; browser state compresses to a tenth at best. */
const RATIO_MAX = 100;
const RATIO_FREE_BYTES = 64 * 1024 ** 2;
const TOTAL_MAX_BYTES = 16 * 1024 ** 3;

/** https://man7.org/linux/man-pages/man7/inode.7.html */
const TYPE_MASK = 0xf000;
const REGULAR = 0x8000;
const DIRECTORY = 0x4000;
const IS_ENCRYPTED = 1;

/**
 * The state in a user data directory as a zip. When the stream closes, no file of the directory is
 * open any more.
 */
export async function zipState(userDataDir: string): Promise<Readable> {
  const zip = new yazl.ZipFile();
  const content = new PassThrough();
  let reading: Readable | undefined;
  for (const entry of await readdir(userDataDir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(userDataDir, path);
    if (!entry.isFile() || isLeftOut(name)) continue;
    zip.addReadStreamLazy(name, { mtime: (await stat(path)).mtime }, (take) => {
      reading = createReadStream(path);
      reading.once('error', (error) => content.destroy(error));
      take(null, reading);
    });
  }
  zip.on('error', (error: Error) => content.destroy(error));
  content.once('close', () => reading?.destroy());
  zip.end();
  pipeline(zip.outputStream, content).catch(() => reading?.destroy());
  return content;
}

/** Unpacks such a zip. Throws `profile.invalid_import`, which says what is wrong with the file. */
export async function unzipState(file: string, userDataDir: string): Promise<void> {
  const zip = await openPromise(file, OPTIONS).catch((cause: unknown) => {
    throw invalid('The file is no zip archive.', cause);
  });
  try {
    const entries = await readEntries(zip);
    if (entries.length === 0) {
      throw invalid('The file has no browser state in it: it is no exported profile.');
    }
    for (const entry of entries) await writeEntry(zip, entry, userDataDir);
  } finally {
    zip.close();
  }
}

/** The entries to write. All entries are judged before the first one is written. */
async function readEntries(zip: ZipFile): Promise<Entry[]> {
  if (zip.entryCount > ENTRIES_MAX) throw invalid(`The file has more than ${ENTRIES_MAX} entries.`);
  const entries: Entry[] = [];
  let packed = 0;
  let unpacked = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      assertPlain(entry);
      packed += entry.compressedSize;
      unpacked += entry.uncompressedSize;
      if (isTaken(entry)) entries.push(entry);
    }
  } catch (cause) {
    throw cause instanceof RuntimeError ? cause : invalid(wordsOf(cause), cause);
  }
  const isBomb = unpacked > RATIO_FREE_BYTES && unpacked > packed * RATIO_MAX;
  if (isBomb || unpacked > TOTAL_MAX_BYTES) throw invalid('The file unpacks to too much.');
  return entries;
}

function isTaken({ fileName }: Entry): boolean {
  return !fileName.endsWith('/') && isImported(fileName) && !isLeftOut(fileName);
}

function assertPlain({ fileName, externalFileAttributes, generalPurposeBitFlag }: Entry): void {
  const type = (externalFileAttributes >>> 16) & TYPE_MASK;
  if (type !== 0 && type !== REGULAR && type !== DIRECTORY) {
    throw invalid(`${fileName} is neither a file nor a directory.`);
  }
  if ((generalPurposeBitFlag & IS_ENCRYPTED) !== 0) throw invalid(`${fileName} is encrypted.`);
}

async function writeEntry(zip: ZipFile, entry: Entry, userDataDir: string): Promise<void> {
  const path = join(userDataDir, entry.fileName);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const content = await zip.openReadStreamPromise(entry);
    await pipeline(content, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC') throw cause;
    throw invalid(`${entry.fileName} cannot be unpacked: ${wordsOf(cause)}`, cause);
  }
}

function invalid(message: string, cause?: unknown): RuntimeError {
  return new RuntimeError('profile.invalid_import', message, { cause });
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error && !('code' in cause) ? cause.message : 'it is damaged';
}
