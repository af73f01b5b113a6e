import mime from 'mime';
import { UNKNOWN_TYPE } from './media-type.ts';

/** The media type that the end of a file's name stands for. */
export function mediaTypeOf(name: string): string {
  return mime.getType(name) ?? UNKNOWN_TYPE;
}
