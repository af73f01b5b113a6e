import type { z } from 'zod';
import { didYouMean } from './near-name.ts';

/** What is wrong with a part of a request. */
export interface Issue {
  path: (string | number)[];
  message: string;
}

/** `names` are the fields that there are where the issue is. */
export function toIssues(issue: z.core.$ZodIssue, names: readonly string[] = []): Issue[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
  return issue.keys.map((key) => ({ path: [...path, key], message: unknownField(key, names) }));
}

export function below(at: readonly (string | number)[], issues: readonly Issue[]): Issue[] {
  return issues.map(({ path, message }) => ({ path: [...at, ...path], message }));
}

function unknownField(name: string, names: readonly string[]): string {
  if (name === 'timeout') {
    return 'A call has no timeout of its own: set "timeoutMs" in the "options" of its step';
  }
  return `There is no such field${didYouMean(name, names)}`;
}
