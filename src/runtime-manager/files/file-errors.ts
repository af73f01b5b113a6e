import { RuntimeError } from '../errors.ts';
import type { StoredFile } from './file.ts';

/** The answer for another organization's namespace, too. */
export function namespaceNotFound(): RuntimeError {
  return new RuntimeError('storage.namespace_not_found', 'There is no such storage namespace.');
}

/** The answer for another organization's file, too. */
export function fileNotFound(): RuntimeError {
  return new RuntimeError('file.not_found', 'There is no such file.');
}

export function pathInUse(path: string): RuntimeError {
  return new RuntimeError('file.path_in_use', `Another file already has the path ${path}.`);
}

/** Throws `file.no_content`. */
export function assertContent(file: StoredFile): asserts file is StoredFile & { key: string } {
  if (file.key !== undefined && file.state === 'stored') return;
  const isFailed = file.state === 'failed';
  const why = isFailed ? 'The file did not arrive.' : 'The file is still arriving.';
  throw new RuntimeError('file.no_content', why);
}
