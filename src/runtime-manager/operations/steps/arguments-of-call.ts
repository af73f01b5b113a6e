import type { z } from 'zod';
import type { Call } from '../calls/call.ts';
import { PageArgument, Reference } from '../calls/stand-ins.ts';
import type { Bound } from './bound.ts';
import { below, type Issue, toIssues } from './issue.ts';
import { didYouMean } from './did-you-mean.ts';

/** The arguments of a call that was checked. */
export function readArguments({ args }: Call, given: readonly unknown[]): unknown[] {
  return given.map((value, at) => args[at]?.parse(value));
}

/** What is wrong with the arguments of a call; paths begin below the list of arguments. */
export function checkArguments(
  call: Call,
  given: readonly unknown[],
  aliases: ReadonlyMap<string, Bound>,
): Issue[] {
  const counted = checkCount(call, given.length);
  if (counted) return [counted];
  return given.flatMap((value, at) => {
    const parsed = call.args[at]?.safeParse(value);
    if (!parsed) return [];
    return below(
      [at],
      parsed.success ? checkReferences(parsed.data, aliases) : refusals(parsed.error, call, at),
    );
  });
}

function checkCount({ args, needed }: Call, given: number): Issue | undefined {
  if (given < needed) {
    return { path: [], message: `The call takes ${numbered(needed, 'at least')}` };
  }
  if (given <= args.length) return undefined;
  const most = args.length === 0 ? 'no arguments' : numbered(args.length, 'at most');
  return { path: [args.length], message: `The call takes ${most}` };
}

function numbered(count: number, bound: string): string {
  return `${bound} ${count} ${count === 1 ? 'argument' : 'arguments'}`;
}

function refusals(error: z.ZodError, { optionsAt, optionNames }: Call, at: number): Issue[] {
  return error.issues.flatMap((issue) =>
    toIssues(issue, at === optionsAt && issue.path.length === 0 ? optionNames : undefined),
  );
}

/** Bindings may be anywhere in an argument. */
function checkReferences(value: unknown, aliases: ReadonlyMap<string, Bound>): Issue[] {
  if (value instanceof Reference) {
    const message = referenceProblem(value, aliases);
    return message === undefined ? [] : [{ path: ['handle'], message }];
  }
  if (value instanceof PageArgument) return checkReferences(value.value, aliases);
  if (Array.isArray(value)) {
    return value.flatMap((item, at) => below([at], checkReferences(item, aliases)));
  }
  if (!isPlain(value)) return [];
  return Object.entries(value).flatMap(([name, field]) =>
    below([name], checkReferences(field, aliases)),
  );
}

function referenceProblem(
  { alias, kind }: Reference,
  aliases: ReadonlyMap<string, Bound>,
): string | undefined {
  const bound = aliases.get(alias);
  if (!bound)
    return `No earlier step has the alias "${alias}"${didYouMean(alias, [...aliases.keys()])}`;
  if (bound.isDry) return `"${alias}" is the alias of a dry run, which binds nothing`;
  if (bound.kind === undefined || bound.kind === kind) return undefined;
  return `"${alias}" is a ${bound.kind}; it must be a ${kind}`;
}

/** Whether a value is an object of JSON, rather than one that stands for something else. */
export function isPlain(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}
