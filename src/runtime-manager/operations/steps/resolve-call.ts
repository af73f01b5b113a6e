import { z } from 'zod';
import type { Call } from '../calls/call.ts';
import { CALLS, findCall } from '../calls/calls.ts';
import { type Kind, PARTS_OF_PAGE, SCRIPT_CALL, TARGETS } from '../calls/kinds.ts';
import { pageArgument } from '../calls/page-argument.ts';
import { Script } from '../calls/stand-ins.ts';
import { didYouMean } from './did-you-mean.ts';

/** A call, and what it is made on. */
export interface ResolvedCall {
  call: Call;
  /** `page`, `context`, … or an alias. */
  base: string;
  /** What of the base's page, if not the base itself. */
  part: (typeof PARTS_OF_PAGE)[number] | undefined;
  kind: Kind;
  method: string;
}

const SCRIPT: Call = {
  args: [
    z.strictObject({
      source: z
        .string()
        .refine((body) => body.trim() !== '', 'Must be the body of a function')
        .transform((body) => new Script(body)),
      args: pageArgument.exactOptional(),
    }),
  ],
  needed: 1,
  optionNames: undefined,
  optionsAt: 1,
  yields: 'value',
};

/**
 * Finds what a step calls; a text says why there is no such call. Undefined: on an alias of which
 * nobody knows what it is.
 */
export function resolveCall(
  name: string,
  aliases: ReadonlyMap<string, { kind: Kind | undefined }>,
): ResolvedCall | string | undefined {
  if (name === SCRIPT_CALL) {
    return { call: SCRIPT, base: 'page', part: undefined, kind: 'page', method: SCRIPT_CALL };
  }
  const [base, ...rest] = name.split('.');
  const method = rest.pop();
  if (base === undefined || method === undefined) return withoutTarget(name);
  const target = TARGETS.find((one) => one === base);
  if (!target && !aliases.has(base)) return withoutBase(base, [...TARGETS, ...aliases.keys()]);
  const owner = target ?? aliases.get(base)?.kind;
  if (owner === undefined) return undefined;
  if (rest.length === 0) return withMethod({ base, part: undefined, kind: owner, method });
  const part = owner === 'page' ? PARTS_OF_PAGE.find((one) => one === rest.join('.')) : undefined;
  return part ? withMethod({ base, part, kind: part, method }) : withoutPart([base, ...rest]);
}

function withMethod(found: Omit<ResolvedCall, 'call'>): ResolvedCall | string {
  const { base, part, kind, method } = found;
  const call = findCall(kind, method);
  if (call) return { ...found, call };
  const path = part ? `${base}.${part}` : base;
  const isTarget = part !== undefined || TARGETS.some((one) => one === base);
  const what = isTarget ? `There is no call "${path}.${method}"` : wrongKind(path, kind, method);
  const near = Object.keys(CALLS[kind]).map((name) => `${path}.${name}`);
  return what + didYouMean(`${path}.${method}`, near);
}

function wrongKind(alias: string, kind: Kind, method: string): string {
  return `"${alias}" is a ${kind}, which has no call "${method}"`;
}

function withoutTarget(name: string): string {
  const all = TARGETS.flatMap((kind) => Object.keys(CALLS[kind]).map((one) => `${kind}.${one}`));
  const same = all.find((one) => one.endsWith(`.${name}`));
  const near = same ? `; did you mean "${same}"?` : didYouMean(name, [SCRIPT_CALL]);
  return `Must be a target and a call, such as "page.click", or "${SCRIPT_CALL}"${near}`;
}

function withoutPart(path: readonly string[]): string {
  return `"${path.join('.')}" is nothing that has calls; bind what a step yields with "as"`;
}

function withoutBase(base: string, all: readonly string[]): string {
  return `"${base}" is neither a target nor the alias of an earlier step${didYouMean(base, all)}`;
}
