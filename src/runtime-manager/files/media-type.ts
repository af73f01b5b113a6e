import mime from 'mime';

const UNKNOWN = 'application/octet-stream';

/** The media type that the end of a file's name stands for. */
export function mediaTypeOf(name: string): string {
  return mime.getType(name) ?? UNKNOWN;
}
