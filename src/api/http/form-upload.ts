import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy } from '@fastify/busboy';
import type { Context } from 'hono';
import { ApiError } from './errors.ts';

const FIELD_MAX_BYTES = 4096;

/** The text fields of a form whose file has been written to the disk. */
export type FormFields = Record<string, string>;

/**
 * Writes the one file of a multipart form, its field `file`, to the disk as it arrives. Throws
 * `request.invalid`, `request.too_large` or `request.unsupported_media_type`.
 */
export async function receiveForm(c: Context, path: string, maxBytes: number): Promise<FormFields> {
  const type = c.req.header('content-type') ?? '';
  if (!type.startsWith('multipart/form-data')) {
    throw new ApiError('request.unsupported_media_type', 'The body has to be multipart/form-data.');
  }
  const { body } = c.req.raw;
  if (!body) throw invalid('file', 'Missing');
  await mkdir(dirname(path), { recursive: true });
  const form = parserOf(type, maxBytes);
  const fields: FormFields = {};
  let file: Readable | undefined;
  let writing: Promise<void> | undefined;
  let problem: ApiError | undefined;
  form.on('field', (name, value) => {
    if (Object.hasOwn(fields, name)) problem ??= invalid(name, 'Given twice');
    fields[name] = value;
  });
  form.on('file', (name, content) => {
    if (name !== 'file' || writing) {
      problem ??= invalid(name, 'There is one file, in the field "file"');
      content.resume();
      return;
    }
    content.once('limit', () => {
      problem = new ApiError('request.too_large', `A package may have at most ${maxBytes} bytes.`);
    });
    file = content;
    writing = pipeline(content, createWriteStream(path));
    writing.catch(() => undefined);
  });
  try {
    await pipeline(Readable.fromWeb(body), form);
    await writing;
  } catch (cause) {
    // The parser leaves the file open when the client goes away midway.
    file?.destroy();
    await writing?.catch(() => undefined);
    throw problem ?? broken(cause);
  }
  if (problem) throw problem;
  if (!writing) throw invalid('file', 'Missing');
  return fields;
}

function parserOf(type: string, maxBytes: number) {
  try {
    return new Busboy({
      headers: { 'content-type': type },
      limits: { files: 2, fields: 10, fieldSize: FIELD_MAX_BYTES, fileSize: maxBytes },
    });
  } catch (cause) {
    throw broken(cause);
  }
}

/** Blames the form, unless the disk failed: the client is not told about that. */
function broken(cause: unknown): unknown {
  const isSystem = cause instanceof Error && 'syscall' in cause;
  return isSystem ? cause : invalid('', 'The form is broken or incomplete');
}

function invalid(path: string, message: string): ApiError {
  return new ApiError('request.invalid', message, {
    details: { issues: [{ in: 'body', path, message }] },
  });
}
