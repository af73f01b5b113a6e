import type { OperationEnd } from './operation.ts';

/** Those of JSON, one by one: a backslash that is itself escaped begins none. */
const ESCAPES = /\\(?:u0000|ud[89a-f][0-9a-f]{2}|.)/g;
const UNTAKEN = /^\\u(?:0000|d)/;

/** An end as it can be kept: Postgres takes no NUL and no halves of characters, and pages have both. */
export function recordable(end: OperationEnd): OperationEnd {
  const json = JSON.stringify(end);
  const taken = json.replace(ESCAPES, (escape) => (UNTAKEN.test(escape) ? '\u{fffd}' : escape));
  if (taken === json) return end;
  const changed: OperationEnd = JSON.parse(taken);
  return changed;
}
