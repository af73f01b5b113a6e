import type { Call } from '../../operations/calls/call.ts';
import {
  GivenFile,
  PageArgument,
  Reference,
  ResultPath,
  Script,
  Source,
} from '../../operations/calls/stand-ins.ts';
import { isPlain, readArguments } from '../../operations/steps/arguments-of-call.ts';
import type { Step } from '../../operations/steps/step.ts';
import type { Bindings } from './bindings.ts';
import { pageFunction, scriptFunction } from './page-function.ts';

export interface Given {
  bindings: Pick<Bindings, 'at'>;
  /** The path on this machine of a file of the runtime. Throws when there is none. */
  givenFile: (path: string) => Promise<string>;
}

/** The arguments of a call as Playwright takes them, with the time that it has. */
export async function toArguments(
  call: Call,
  { args, options }: Step,
  { signal, ...given }: Given & { signal: AbortSignal },
): Promise<unknown[]> {
  const isValue = call.yields === 'value';
  const all = await Promise.all(
    readArguments(call, args).map((one) => resolve(one, { ...given, isValue })),
  );
  if (call.limits === undefined) return all;
  const limits = { timeout: options.timeoutMs, ...(call.limits === 'signal' && { signal }) };
  const own = all[call.optionsAt];
  const padded = Array.from({ length: call.optionsAt }, (_, at) => all[at]);
  return [...padded, { ...(isPlain(own) ? own : {}), ...limits }];
}

/** Puts in what stands for something else. */
async function resolve(value: unknown, given: Given & { isValue: boolean }): Promise<unknown> {
  if (value instanceof Reference) return given.bindings.at(value.alias).object;
  if (value instanceof GivenFile) return given.givenFile(value.path);
  if (value instanceof ResultPath) return undefined;
  if (value instanceof Source) return pageFunction(value.text, given.isValue);
  if (value instanceof Script) return scriptFunction(value.text);
  if (value instanceof PageArgument) return resolve(value.value, given);
  if (Array.isArray(value)) return Promise.all(value.map((item) => resolve(item, given)));
  if (!isPlain(value)) return value;
  const fields = Object.entries(value).map(
    async ([name, field]) => [name, await resolve(field, given)] as const,
  );
  return Object.fromEntries(await Promise.all(fields));
}
