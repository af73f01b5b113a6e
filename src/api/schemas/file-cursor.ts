import { filePathProblem } from '../../runtime-manager/runtime/index.ts';

/** A cursor in lists of files names the path, or the folder with its slash, that was listed last. */
export function fileCursorOf(last: string): string {
  return Buffer.from(last).toString('base64url');
}

/** Undefined when the text is no cursor. */
export function parseFileCursor(cursor: string): string | undefined {
  const last = Buffer.from(cursor, 'base64url').toString();
  const isCursor = filePathProblem(last.replace(/\/$/, '')) === undefined;
  return isCursor && fileCursorOf(last) === cursor ? last : undefined;
}
