import { z } from 'zod';
import { nearName } from '../../runtime-manager/runtime/index.ts';

export interface RequestIssue {
  /** The part of the request: `json` is its body. */
  in: string;
  /** The field, its parts joined by dots; empty for the whole. */
  path: string;
  message: string;
}

const NO_FIELD = 'There is no such field';
/** Separates the sentences about several fields of one issue. */
const SEPARATOR = '\n';

/** Makes schemas say what is allowed, where by default they say only what is not. */
export function explainRefusals(): void {
  z.config({ customError: explain });
}

/** Runs while a schema judges: only then are its fields known. */
function explain(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'unrecognized_keys') {
    const fields = fieldsOf(issue.inst);
    return issue.keys.map((key) => unknownField(key, fields)).join(SEPARATOR);
  }
  if (issue.code === 'invalid_union' && Array.isArray(issue['options'])) {
    return hasToBe(issue['options']);
  }
  if (issue.code === 'too_small' || issue.code === 'too_big') return limitOf(issue);
  // A query takes the fields of a union of one without the union; its discriminator has one value.
  const isOne = issue.code === 'invalid_value' && issue.values.length === 1;
  return isOne ? hasToBe(issue.values) : undefined;
}

function hasToBe(values: unknown[]): string {
  const allowed = values.map((value) => JSON.stringify(value));
  return allowed.length === 1 ? `Must be ${allowed[0]}` : `Must be one of ${allowed.join(', ')}`;
}

const UNITS: Partial<Record<string, string>> = { string: 'characters', array: 'entries' };

/** Undefined: in the words of the library. */
function limitOf(issue: z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig>) {
  const isSmall = issue.code === 'too_small';
  const limit = isSmall ? issue.minimum : issue.maximum;
  if (issue.inclusive === false) return undefined;
  const unit = UNITS[issue.origin];
  if (isSmall && unit !== undefined && limit === 1) return 'Must not be empty';
  const bound = `${isSmall ? 'at least' : 'at most'} ${limit}`;
  return unit === undefined ? `Must be ${bound}` : `Must have ${bound} ${unit}`;
}

function fieldsOf(schema: z.core.$ZodRawIssue['inst']): string[] {
  return schema instanceof z.core.$ZodObject ? Object.keys(schema._zod.def.shape) : [];
}

function unknownField(key: string, fields: string[]): string {
  const near = nearName(key, fields);
  return near === undefined ? NO_FIELD : `${NO_FIELD}; did you mean "${near}"?`;
}

/** Reports each unknown field under its own path rather than under that of its parent. */
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
