import type { z } from 'zod';
import { didYouMean } from './did-you-mean.ts';

/** What is wrong with a part of a request. */
export interface Issue {
  path: (string | number)[];
  message: string;
}

/** Whoever has repaired so many asks again. */
const MOST_ISSUES = 100;

/** The first issues of items; the others are not looked at. */
export function firstIssues<T>(
  items: readonly T[],
  issuesOf: (item: T, at: number) => readonly Issue[],
): Issue[] {
  const issues: Issue[] = [];
  for (const [at, item] of items.entries()) {
    if (issues.length >= MOST_ISSUES) break;
    issues.push(...issuesOf(item, at).slice(0, MOST_ISSUES - issues.length));
  }
  return issues;
}

/** `names` are the fields that there are where the issue is. */
export function toIssues(issue: z.core.$ZodIssue, names: readonly string[] = []): Issue[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
  const keys = issue.keys.slice(0, MOST_ISSUES);
  return keys.map((key) => ({ path: [...path, key], message: unknownField(key, names) }));
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
