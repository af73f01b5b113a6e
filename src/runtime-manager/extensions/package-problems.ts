import { RuntimeError } from '../errors.ts';

/** What is wrong with a package, and where in it. */
export interface Problem {
  /** A file of the package, with the field after a `#`; empty for the package itself. */
  path: string;
  message: string;
}

export function invalidPackage(problems: Problem[], cause?: unknown): RuntimeError {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return new RuntimeError(
    'extension.invalid_package',
    `The package is not an extension that works here: ${first?.message ?? 'unknown'}${more}`,
    { details: { problems }, cause },
  );
}

/** A problem that makes it pointless to look further. */
export function unreadable(message: string, cause?: unknown): RuntimeError {
  return invalidPackage([{ path: '', message }], cause);
}
