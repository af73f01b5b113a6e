import type { Context } from 'hono';
import { RuntimeError } from '../../runtime-manager/runtime/index.ts';
import type { ApiEnv } from './api-env.ts';
import { arrivingBody } from './arriving-body.ts';
import { ApiError } from './errors.ts';
import { writeUpload } from './write-upload.ts';

export const ZIP_TYPE = 'application/zip';
const IS_ZIP = /^application\/zip\s*(?:;|$)/i;

/**
 * Writes a body to the disk as it arrives. Throws `request.unsupported_media_type`,
 * `request.too_large`, or `profile.invalid_import` if the body breaks off.
 */
export async function receiveZip(
  c: Context<ApiEnv>,
  file: string,
  maxBytes: number,
): Promise<void> {
  if (!IS_ZIP.test(c.req.header('content-type') ?? '')) throw noZip();
  try {
    await writeUpload(arrivingBody(c.env.incoming), file, maxBytes);
  } catch (cause) {
    if (cause instanceof ApiError && cause.code === 'request.too_large') throw cause;
    throw new RuntimeError('profile.invalid_import', 'The body is incomplete.', { cause });
  }
}

function noZip(): ApiError {
  return new ApiError('request.unsupported_media_type', 'The body must be a zip.', {
    hint: 'Send "Content-Type: application/zip".',
  });
}
