import { z } from 'zod';
import type { Checked } from './checked.ts';
import type { Definition, Yield } from './definition.ts';

export interface Call extends Omit<Definition, 'args' | 'options' | 'yields'> {
  /** One after the other, and last of all the options. */
  args: readonly z.ZodType[];
  /** How many have to be given. */
  needed: number;
  /** Undefined: the call has no options. */
  optionNames: readonly string[] | undefined;
  /** Where the options are, to which the limits are added. */
  optionsAt: number;
  yields: Yield;
}
export type Calls = Readonly<Record<string, Call>>;

/** Makes calls of the methods of `T`: the compiler compares each with what Playwright takes. */
export function callsOn<T>() {
  return <const D extends Record<string, Definition>>(
    definitions: D & { [M in keyof D]: Checked<T, M, D[M]> },
  ): Calls => toCalls(definitions);
}

function toCalls(definitions: Readonly<Record<string, Definition>>): Calls {
  return Object.fromEntries(
    Object.entries(definitions).map(([name, definition]) => [name, toCall(definition)]),
  );
}

function toCall({ args = [], options, yields = 'nothing', ...rest }: Definition): Call {
  return {
    ...rest,
    args: options ? [...args, optionsSchema(options)] : args,
    needed: args.filter((arg) => !(arg instanceof z.ZodExactOptional)).length,
    optionNames: options && Object.keys(options),
    optionsAt: args.length,
    yields,
  };
}

function optionsSchema(options: Readonly<Record<string, z.ZodType>>): z.ZodType {
  const fields = Object.entries(options).map(([name, field]) => [name, z.exactOptional(field)]);
  return z.strictObject(Object.fromEntries(fields)).exactOptional();
}
