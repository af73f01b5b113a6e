import type { Readable } from 'node:stream';
import type { Context } from 'hono';
import { isMediaType, UNKNOWN_TYPE, type StoredFile } from '../../runtime-manager/runtime/index.ts';
import type { ApiEnv } from './api-env.ts';
import { asBody } from './body-stream.ts';
import { parseRange, type AskedRange } from './byte-range.ts';
import { attachment } from './content-disposition.ts';
import { ApiError } from './errors.ts';
import { fileNameOf } from '../schemas/file.ts';

const ENTITY_TAGS = /"[^"]*"/g;

/** Nobody's content runs as a page of ours, wherever it is opened. */
export const INERT = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'",
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** Opens content, or a part of it. */
type Open = (range: AskedRange | undefined) => Promise<Readable>;

/**
 * Answers with the content of a file, or what a range or a condition asks for. Throws as
 * `answerBytes`.
 */
export function answerContent(c: Context<ApiEnv>, file: StoredFile, open: Open): Promise<Response> {
  const { sizeBytes, contentType } = file;
  const headers = {
    'cache-control': 'private, no-cache',
    'content-type': isMediaType(contentType) ? contentType : UNKNOWN_TYPE,
    'content-disposition': attachment(fileNameOf(file)),
  };
  return answerBytes(c, { sizeBytes, etag: `"${file.sha256}"`, headers }, open);
}

interface Content {
  sizeBytes: number;
  etag: string;
  headers: Record<string, string>;
}

/**
 * Answers with bytes that are stored, or what a range or a condition asks for of them. Throws
 * `request.range_not_satisfiable`, or what `open` throws.
 */
export async function answerBytes(
  c: Context<ApiEnv>,
  { sizeBytes, etag, headers: given }: Content,
  open: Open,
): Promise<Response> {
  const always = { ...INERT, ...given, etag };
  if (isKnown(c.req.header('if-none-match'), etag)) return c.body(null, 304, always);
  const range = rangeOf(c, etag, sizeBytes);
  const headers = {
    ...always,
    'accept-ranges': 'bytes',
    'content-length': String(range ? range.end - range.start + 1 : sizeBytes),
    ...(range && { 'content-range': `bytes ${range.start}-${range.end}/${sizeBytes}` }),
  };
  // Nobody would read the content of a HEAD, nor cancel it.
  if (c.req.method === 'HEAD') return c.body(null, 200, headers);
  return c.body(asBody(c, await open(range)), range ? 206 : 200, headers);
}

/** https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match */
function isKnown(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.match(ENTITY_TAGS)?.some((one) => one === tag) === true;
}

/** A range counts for a GET, and only of the content that its client has a part of. */
function rangeOf(c: Context<ApiEnv>, tag: string, size: number): AskedRange | undefined {
  if (c.req.method !== 'GET' || (c.req.header('if-range') ?? tag) !== tag) return undefined;
  const range = parseRange(c.req.header('range'), size);
  if (range !== 'unsatisfiable') return range;
  throw new ApiError('request.range_not_satisfiable', `The file has ${size} bytes.`, {
    contentRange: `bytes */${size}`,
  });
}
