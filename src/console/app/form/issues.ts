import { createContext } from 'preact';
import { CallError } from '../api.ts';
import type { Issue } from '../contract.ts';

/** What the service found wrong with the fields of a form. */
export const Issues = createContext<Issue[]>([]);

/** The fields that refusals are about which name none. */
const FIELD_OF_CODE: [code: RegExp, path: string][] = [
  [/^runtime\.alias_in_use$/, 'alias'],
  [/\.name_in_use$/, 'name'],
  [/^file\.path_in_use$/, 'path'],
  [/^storage\.namespace_not_found$/, 'namespace'],
  [/^extension\.(?:url|download)_/, 'url'],
  [/^profile\.locale_unavailable$/, 'fingerprint.locale'],
  [/^profile\./, 'launch.profileId'],
  [/^proxy\./, 'launch.config.proxy.host'],
  [/^extension\./, 'launch.extensionIds'],
  [/^recording\./, 'recording'],
];

export function issuesOf(error: unknown): Issue[] {
  if (!(error instanceof CallError)) return [];
  if (error.issues.length > 0) return error.issues;
  const [, path] = FIELD_OF_CODE.find(([code]) => code.test(error.code)) ?? [];
  return path === undefined ? [] : [{ path, message: error.message }];
}

/** What is wrong with a field, or within it. */
export function wrongWith(issues: Issue[], path: string): string {
  return issues
    .filter((issue) => issue.path === path || issue.path.startsWith(`${path}.`))
    .map(({ message }) => message)
    .join('. ');
}

/** Puts the focus on the first field that is wrong; false: none of them is in the form. */
export function focusFirstWrong(form: HTMLFormElement | null): boolean {
  const field = form?.querySelector<HTMLElement>('[aria-invalid=true]');
  field?.focus();
  return field !== null && field !== undefined;
}
