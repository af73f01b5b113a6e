import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { unreadable } from './package-problems.ts';

const OPTIONS = { strictFileNames: true, lazyEntries: true, autoClose: false };
const ENTRIES_MAX = 20_000;
const MANIFEST = 'manifest.json';
const MANIFEST_MAX_BYTES = 1024 * 1024;
/** Code and lists compress to a tenth; small archives may compress better. */
const RATIO_MAX = 100;
const RATIO_FREE_BYTES = 32 * 1024 ** 2;
const TOTAL_MAX_BYTES = 512 * 1024 ** 2;
/** Folders that the Web Store adds and Chromium makes anew; Chromium reserves the name. */
const RESERVED = /^(?:_metadata|__MACOSX)\/|(?:^|\/)\.DS_Store$/;
const ARCHIVE = /\.(?:zip|crx|tgz|gz|7z|rar)$/i;

/** https://man7.org/linux/man-pages/man7/inode.7.html */
const TYPE_MASK = 0xf000;
const REGULAR = 0x8000;
const DIRECTORY = 0x4000;
const IS_ENCRYPTED = 1;

/** What was unpacked. */
export interface Unpacked {
  /** Paths with slashes, relative to the manifest. */
  files: Set<string>;
  sizeBytes: number;
  /** SHA-256 over the names and contents of all files, in order, in hexadecimal. */
  contentHash: string;
}

/**
 * Unpacks the zip of an extension. When everything is in one directory, that directory is left out.
 * Throws `extension.invalid_package`; when the zip's list of files tells the problem, nothing is
 * written.
 */
export async function unzipExtension(file: string, directory: string): Promise<Unpacked> {
  const zip = await openPromise(file, OPTIONS).catch((cause: unknown) => {
    throw unreadable('The file is neither a zip nor a crx, or it is truncated.', cause);
  });
  try {
    const entries = await readEntries(zip);
    const root = rootOf(entries);
    const sizeBytes = assertSize(entries);
    const hashes = new Map<string, string>();
    for (const entry of entries) {
      const name = entry.fileName.slice(root.length);
      if (!RESERVED.test(name)) {
        hashes.set(name, await writeEntry(zip, entry, join(directory, name)));
      }
    }
    return {
      files: new Set(hashes.keys()),
      sizeBytes,
      contentHash: hashOf(hashes),
    };
  } finally {
    zip.close();
  }
}

/** The files of the zip, each checked before the first one is written. */
async function readEntries(zip: ZipFile): Promise<Entry[]> {
  if (zip.entryCount > ENTRIES_MAX) throw unreadable(`It has more than ${ENTRIES_MAX} files.`);
  const entries: Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) {
      assertPlain(entry);
      if (!entry.fileName.endsWith('/')) entries.push(entry);
    }
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) throw cause;
    throw unreadable(`It cannot be read: ${wordsOf(cause)}`, cause);
  }
  return entries;
}

/** The unpacked size of all files. */
function assertSize(entries: Entry[]): number {
  const packed = entries.reduce((sum, { compressedSize }) => sum + compressedSize, 0);
  const unpacked = entries.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0);
  const isBomb = unpacked > RATIO_FREE_BYTES && unpacked > packed * RATIO_MAX;
  if (isBomb || unpacked > TOTAL_MAX_BYTES) throw unreadable('It unpacks to too much.');
  return unpacked;
}

function assertPlain({ fileName, externalFileAttributes, generalPurposeBitFlag }: Entry): void {
  const type = (externalFileAttributes >>> 16) & TYPE_MASK;
  if (type !== 0 && type !== REGULAR && type !== DIRECTORY) {
    throw unreadable(`${fileName} is neither a file nor a directory.`);
  }
  if ((generalPurposeBitFlag & IS_ENCRYPTED) !== 0) throw unreadable(`${fileName} is encrypted.`);
}

/** The directory of the manifest: the top, or the only directory that there is. */
function rootOf(entries: Entry[]): string {
  const names = entries.map(({ fileName }) => fileName).filter((name) => !RESERVED.test(name));
  const [first = ''] = names;
  const directory = `${first.split('/', 1)[0]}/`;
  const isOne = names.every((name) => name.startsWith(directory));
  const root = isOne && !names.includes(MANIFEST) ? directory : '';
  const manifest = entries.find(({ fileName }) => fileName === root + MANIFEST);
  if (!manifest) {
    const archive = names.find((name) => ARCHIVE.test(name));
    throw unreadable(
      archive === undefined
        ? 'There is no manifest.json at its top.'
        : `There is no manifest.json at its top, but another archive: ${archive}.`,
    );
  }
  if (manifest.uncompressedSize > MANIFEST_MAX_BYTES) {
    throw unreadable(`manifest.json has more than ${MANIFEST_MAX_BYTES} bytes.`);
  }
  return root;
}

/** Resolves with the SHA-256 of the content. */
async function writeEntry(zip: ZipFile, entry: Entry, path: string): Promise<string> {
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    await mkdir(dirname(path), { recursive: true });
    const content = await zip.openReadStreamPromise(entry);
    await pipeline(content, hashing, createWriteStream(path, { flags: 'wx' }));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC') throw cause;
    throw unreadable(`${entry.fileName} cannot be unpacked: ${wordsOf(cause)}`, cause);
  }
  return hash.digest('hex');
}

function hashOf(hashes: Map<string, string>): string {
  const all = createHash('sha256');
  for (const name of [...hashes.keys()].toSorted()) {
    all.update(`${hashes.get(name)} ${posix.normalize(name)}\n`);
  }
  return all.digest('hex');
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error && !('code' in cause) ? cause.message : 'it is damaged';
}
