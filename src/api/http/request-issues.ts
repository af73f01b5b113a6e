import { z } from 'zod';
import { nearName } from '../config/near-name.ts';

export interface RequestIssue {
  /** The part of the request: `json` is its body. */
  in: string;
  /** The field, its parts joined by dots; empty for the whole. */
  path: string;
  message: string;
}

const NO_FIELD = 'There is no such field';
/** Between the sentences about several fields of one issue. */
const SEPARATOR = '\n';

/** Has schemas say what is allowed where they would only say what is not. */
export function explainRefusals(): void {
  z.config({ customError: explain });
}

/** Only while a schema judges is it known what fields there are. */
function explain(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'unrecognized_keys') {
    const fields = fieldsOf(issue.inst);
    return issue.keys.map((key) => unknownField(key, fields)).join(SEPARATOR);
  }
  if (issue.code === 'invalid_union' && Array.isArray(issue['options'])) {
    return hasToBe(issue['options']);
  }
  // One value is what a union of one kind is told apart by, wherever its fields are taken alone.
  const isOne = issue.code === 'invalid_value' && issue.values.length === 1;
  return isOne ? hasToBe(issue.values) : undefined;
}

function hasToBe(values: unknown[]): string {
  const allowed = values.map((value) => JSON.stringify(value));
  return allowed.length === 1
    ? `Has to be ${allowed[0]}`
    : `Has to be one of ${allowed.join(', ')}`;
}

function fieldsOf(schema: z.core.$ZodRawIssue['inst']): string[] {
  return schema instanceof z.core.$ZodObject ? Object.keys(schema._zod.def.shape) : [];
}

function unknownField(key: string, fields: string[]): string {
  const near = nearName(key, fields);
  return near === undefined ? NO_FIELD : `${NO_FIELD}; did you mean "${near}"?`;
}

/** Fields nobody knows are reported each under its own path, not under that of their parent. */
export function toIssues(part: string, issue: z.core.$ZodIssue): RequestIssue[] {
  const at = (path: PropertyKey[], message: string) => ({
    in: part,
    path: path.map(String).join('.'),
    message,
  });
  if (issue.code === 'unrecognized_keys') {
    const sentences = issue.message.split(SEPARATOR);
    return issue.keys.map((key, i) => at([...issue.path, key], sentences[i] ?? NO_FIELD));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return issue.errors
      .flatMap((issues) => issues)
      .flatMap((inner) => toIssues(part, { ...inner, path: [...issue.path, ...inner.path] }));
  }
  return [at(issue.path, issue.message)];
}
