import { posix } from 'node:path';

const MOST_BYTES = 1024;
/** The most that file systems take: https://man7.org/linux/man-pages/man5/ext4.5.html */
const MOST_NAME_BYTES = 255;
/** Control characters, and the last character of Unicode, which marks the end of what begins alike. */
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\x00-\x1f\x7f-\x9f\\]|\u{10FFFF}/u;
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\x00-\x1f\x7f-\x9f\\/]|\u{10FFFF}/gu;

/** What is wrong with the path of a file, in a sentence; undefined: nothing. */
export function filePathProblem(path: string): string | undefined {
  if (path === '') return 'A path has at least a name.';
  return textProblem(path) ?? namesProblem(path.split('/'));
}

/** What is wrong with a text that paths are to begin with, in a sentence. Its last name may go on. */
export function filePrefixProblem(prefix: string): string | undefined {
  return textProblem(prefix) ?? namesProblem(prefix.split('/').slice(0, -1));
}

/** A name for a file in a path, as close as possible to what somebody calls it; undefined: none is. */
export function safeFileName(called: string): string | undefined {
  const name = called.toWellFormed().replaceAll(UNSAFE, '_');
  const short = cutBefore(name, MOST_NAME_BYTES);
  return filePathProblem(short) === undefined ? short : undefined;
}

/** Keeps what shows the type of a file, its extension. */
function cutBefore(name: string, bytes: number): string {
  if (Buffer.byteLength(name) <= bytes) return name;
  const { name: stem, ext } = posix.parse(name);
  const kept = Buffer.byteLength(ext) < bytes / 2 ? ext : '';
  return cut(stem, bytes - Buffer.byteLength(kept)) + kept;
}

function textProblem(text: string): string | undefined {
  if (!text.isWellFormed()) return 'A path is text of whole Unicode characters.';
  if (Buffer.byteLength(text) > MOST_BYTES) return `A path has at most ${MOST_BYTES} bytes.`;
  return FORBIDDEN.test(text) ? 'A path has no control characters and no backslashes.' : undefined;
}

function namesProblem(names: readonly string[]): string | undefined {
  if (names.includes('')) return 'A path has single slashes between names, and none at an end.';
  if (names.includes('.') || names.includes('..')) return 'No name in a path is "." or "..".';
  const isLong = names.some((name) => Buffer.byteLength(name) > MOST_NAME_BYTES);
  return isLong ? `A name in a path has at most ${MOST_NAME_BYTES} bytes.` : undefined;
}

/** The path of a namesake, such as `a/b (1).txt`; a long name is cut to have room for the suffix. */
export function numberedPath(path: string, suffix: string): string {
  const { dir, base, name, ext } = posix.parse(path);
  const room = MOST_NAME_BYTES - Buffer.byteLength(` (${suffix})`);
  const left = room - Buffer.byteLength(ext);
  // What is too long to be an ending is a part of the name.
  const named =
    left > 0 ? `${cut(name, left)} (${suffix})${ext}` : `${cut(base, room)} (${suffix})`;
  return posix.join(dir, named);
}

/** As many whole characters as have so many bytes. */
function cut(text: string, mostBytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(mostBytes));
  return text.slice(0, read);
}
