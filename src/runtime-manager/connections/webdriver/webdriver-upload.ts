import { fromBufferPromise, type Entry, type ZipFile } from 'yauzl';
import { z } from 'zod';
import type { Uploads } from '../../browser/uploads.ts';
import { RuntimeError } from '../../errors.ts';
import { parseJson } from '../parse-json.ts';
import { webdriverError } from './webdriver-errors.ts';

/** Selenium's own address for uploads, and chromedriver's. */
const UPLOAD = /^\/session\/([\w-]+)\/(?:se\/)?file$/;
const Body = z.object({ file: z.string() });

const OPTIONS = { strictFileNames: true, lazyEntries: true, autoClose: false };
const FILE_MAX_BYTES = 1024 ** 3;
/** https://man7.org/linux/man-pages/man7/inode.7.html */
const TYPE_MASK = 0xf000;
const REGULAR = 0x8000;

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
  uploads: Pick<Uploads, 'add'>,
  closing: AbortSignal,
): Promise<Response> {
  try {
    const value = await unpack(zipIn(body), uploads, closing);
    return Response.json({ value });
  } catch (error) {
    if (error instanceof UploadProblem) return webdriverError('invalid argument', error.message);
    if (!closing.aborted) throw error;
    throw new RuntimeError('runtime.not_active', 'The runtime has ended.', { cause: error });
  }
}

function zipIn(body: Buffer): Buffer {
  const { data } = Body.safeParse(parseJson(body));
  if (!data) throw new UploadProblem('The body is not { "file": <a zip in base64> }.');
  return Buffer.from(data.file, 'base64');
}

/** Resolves with the path of the file, as the browser sees it. */
async function unpack(
  bytes: Buffer,
  uploads: Pick<Uploads, 'add'>,
  closing: AbortSignal,
): Promise<string> {
  const zip = await fromBufferPromise(bytes, OPTIONS).catch((cause: unknown) => {
    throw new UploadProblem('The file is not a zip in base64.', { cause });
  });
  try {
    const entry = await onlyEntryOf(zip);
    // yauzl refuses content whose size is not the one that the zip states.
    const open = () => zip.openReadStreamPromise(entry);
    return await uploads.add({ name: entry.fileName, open }, closing);
  } catch (cause) {
    if (cause instanceof UploadProblem || closing.aborted || isOfSystem(cause)) throw cause;
    throw new UploadProblem(`The zip cannot be unpacked: ${wordsOf(cause)}.`, { cause });
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

/** Whether the system failed, such as by a full disk. */
function isOfSystem(cause: unknown): boolean {
  return cause instanceof Error && 'syscall' in cause;
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error && !('code' in cause) ? cause.message : 'it is damaged';
}
