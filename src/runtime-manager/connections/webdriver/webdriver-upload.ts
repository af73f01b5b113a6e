import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fromBufferPromise, type Entry, type ZipFile } from 'yauzl';
import { z } from 'zod';
import { giveTo } from '../../browser/ownership.ts';
import { hostPart, seenPart, type FilesFolder } from '../../browser/own-files.ts';
import { RuntimeError } from '../../errors.ts';
import { parseJson } from '../parse-json.ts';
import { webdriverError } from './webdriver-errors.ts';

/** Selenium's own address for uploads, and chromedriver's. */
const UPLOAD = /^\/session\/([\w-]+)\/(?:se\/)?file$/;
const Body = z.object({ file: z.string() });

const OPTIONS = { strictFileNames: true, lazyEntries: true, autoClose: false };
const FILE_MAX_BYTES = 1024 ** 3;
const NAME_MAX_BYTES = 255;
/** https://man7.org/linux/man-pages/man7/inode.7.html */
const TYPE_MASK = 0xf000;
const REGULAR = 0x8000;
const OWNER_ONLY = 0o600;

/** What is wrong with an upload, in a sentence. */
class UploadProblem extends Error {}

/** The session that a request uploads a file to; undefined for every other request. */
export function uploadSessionOf(method: string, pathname: string): string | undefined {
  return method === 'POST' ? UPLOAD.exec(pathname)?.[1] : undefined;
}

/**
 * Takes a file of the client's machine as clients of Selenium send it: in base64, a zip that has
 * only this file. Answers with the file's path as the browser sees it, which the client then gives
 * to a file input.
 */
export async function takeUpload(
  body: Buffer,
  folder: FilesFolder,
  closing: AbortSignal,
): Promise<Response> {
  try {
    const value = await unpack(zipIn(body), folder, closing);
    return Response.json({ value });
  } catch (error) {
    if (error instanceof UploadProblem) return webdriverError('invalid argument', error.message);
    if (!closing.aborted) throw error;
    throw new RuntimeError('runtime.not_active', 'The runtime is over.', { cause: error });
  }
}

function zipIn(body: Buffer): Buffer {
  const { data } = Body.safeParse(parseJson(body));
  if (!data) throw new UploadProblem('The body is not { "file": <a zip in base64> }.');
  return Buffer.from(data.file, 'base64');
}

/** Resolves with the path of the file, as the browser sees it. */
async function unpack(bytes: Buffer, folder: FilesFolder, closing: AbortSignal): Promise<string> {
  const zip = await fromBufferPromise(bytes, OPTIONS).catch((cause: unknown) => {
    throw new UploadProblem('The file is not a zip in base64.', { cause });
  });
  try {
    const entry = await onlyEntryOf(zip);
    const name = safeName(entry.fileName);
    const directory = await mkdtemp(join(hostPart(folder, 'uploads'), '/'));
    try {
      await write(zip, entry, join(directory, name), closing);
      if (folder.owner) await giveTo(folder.owner, directory);
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
    return [seenPart(folder, 'uploads'), basename(directory), name].join('/');
  } finally {
    zip.close();
  }
}

async function onlyEntryOf(zip: ZipFile): Promise<Entry> {
  if (zip.entryCount !== 1) throw new UploadProblem('The zip does not have exactly one file.');
  const entries: Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) entries.push(entry);
  } catch (cause) {
    throw new UploadProblem(`The zip cannot be read: ${wordsOf(cause)}.`, { cause });
  }
  const [entry] = entries;
  if (!entry || !isRegular(entry)) throw new UploadProblem('The entry of the zip is not a file.');
  if (entry.uncompressedSize > FILE_MAX_BYTES) {
    throw new UploadProblem(`The file has more than ${FILE_MAX_BYTES} bytes.`);
  }
  return entry;
}

function isRegular({ fileName, externalFileAttributes }: Entry): boolean {
  const type = (externalFileAttributes >>> 16) & TYPE_MASK;
  return !fileName.endsWith('/') && (type === 0 || type === REGULAR);
}

/** A name that every system takes. The end of a long one is kept, since it says the file's type. */
function safeName(path: string): string {
  // oxlint-disable-next-line no-control-regex
  const plain = basename(path).replaceAll(/[\x00-\x1f\x7f-\x9f/\\]/g, '_');
  const end = Buffer.from(plain).subarray(-NAME_MAX_BYTES).toString('utf8');
  const whole = end.replace(/^\ufffd+/, '');
  return /^\.*$/.test(whole) ? 'file' : whole;
}

/** yauzl refuses content whose size is not the one that the zip states. */
async function write(zip: ZipFile, entry: Entry, path: string, signal: AbortSignal): Promise<void> {
  try {
    const content = await zip.openReadStreamPromise(entry);
    const file = createWriteStream(path, { flags: 'wx', mode: OWNER_ONLY });
    await pipeline(content, file, { signal });
  } catch (cause) {
    if (signal.aborted || isOfSystem(cause)) throw cause;
    throw new UploadProblem(`The zip cannot be unpacked: ${wordsOf(cause)}.`, { cause });
  }
}

/** Whether the system failed, such as by a full disk. */
function isOfSystem(cause: unknown): boolean {
  return cause instanceof Error && 'syscall' in cause;
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error && !('code' in cause) ? cause.message : 'it is damaged';
}
