import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy } from '@fastify/busboy';
import type { Context } from 'hono';
import type { ApiEnv } from './api-env.ts';
import { arrivingBody } from './arriving-body.ts';
import { ApiError } from './errors.ts';

const FIELDS_MAX = 10;
const FIELD_MAX_BYTES = 4096;
const HEADER_MAX_BYTES = 16 * 1024;
/** How much a form may have beside its file. */
export const FORM_MAX_BYTES = 256 * 1024;

/** The text fields of a form. */
export type FormFields = Record<string, string>;

/** What a form says of its file. */
export interface FormFile {
  /** Without folders; undefined when there is none. */
  name: string | undefined;
  contentType: string;
}

/**
 * Hands the one file of a multipart form, its field `file`, to `take` as it arrives, and resolves
 * with all other fields, wherever they stand. Throws `request.invalid`,
 * `request.unsupported_media_type`, or what `take` throws, without reading on.
 */
export async function readForm(
  c: Context<ApiEnv>,
  take: (content: Readable) => Promise<void>,
): Promise<{ fields: FormFields; file: FormFile }> {
  const form = parserOf(c.req.header('content-type') ?? '');
  const fields: FormFields = Object.create(null);
  const over = new AbortController();
  let taken: { content: Readable; file: FormFile; done: Promise<void> } | undefined;
  let failure: { error: unknown } | undefined;
  const fail = (error: unknown) => {
    failure ??= { error };
    over.abort();
  };
  form.on('field', (name, value) => {
    if (name in fields) fail(invalidField(name, 'Given twice'));
    fields[name] = value;
  });
  form.on('file', (field, content, ...[name, , contentType]) => {
    content.on('error', () => {
      // Whoever takes it may have destroyed it, and says why.
      if (!content.destroyed) fail(broken());
    });
    if (field !== 'file' || taken) {
      fail(invalidField(field, 'There is one file, in the field "file"'));
      return;
    }
    const done = take(content);
    done.catch(fail);
    taken = { content, file: { name: name || undefined, contentType }, done };
  });
  form.on('fieldsLimit', () => fail(invalidField('', `A form has at most ${FIELDS_MAX} fields`)));
  try {
    await pipeline(arrivingBody(c.env.incoming), form, { signal: over.signal });
    await taken?.done;
  } catch {
    failure ??= { error: broken() };
    // The parser leaves the file open when the body ends before its time.
    taken?.content.destroy(new Error('the form ended before its file'));
    await taken?.done.catch(() => undefined);
  }
  if (failure) throw failure.error;
  if (!taken) throw invalidField('file', 'Missing');
  return { fields, file: taken.file };
}

function parserOf(type: string) {
  if (!type.startsWith('multipart/form-data')) {
    throw new ApiError('request.unsupported_media_type', 'The body must be multipart/form-data.');
  }
  try {
    return new Busboy({
      headers: { 'content-type': type },
      limits: {
        files: 2,
        fields: FIELDS_MAX,
        fieldSize: FIELD_MAX_BYTES,
        headerSize: HEADER_MAX_BYTES,
      },
    });
  } catch {
    throw broken();
  }
}

function broken(): ApiError {
  return invalidField('', 'The form is broken or incomplete');
}

/** What is wrong with a field of a form, or with the whole, which has no name. */
export function invalidField(path: string, message: string): ApiError {
  return new ApiError('request.invalid', path === '' ? message : `${path}: ${message}`, {
    details: { issues: [{ in: 'body', path, message }] },
  });
}
