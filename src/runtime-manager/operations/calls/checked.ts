import type { z } from 'zod';
import type { Definition } from './definition.ts';
import type { KindTypes } from './kinds.ts';
import type { GivenFile, PageArgument, Reference, ResultPath, Source } from './stand-ins.ts';

/** What a value is once the runner has put in what stands for something else. */
type Resolved<T> =
  T extends Reference<infer K>
    ? KindTypes[K]
    : T extends GivenFile | ResultPath | Source
      ? string
      : T extends PageArgument
        ? unknown
        : T extends readonly (infer I)[]
          ? Resolved<I>[]
          : T;
type Output<S extends z.ZodType> = Resolved<z.output<S>>;

type Schemas = readonly z.ZodType[];
type Shape = Readonly<Record<string, z.ZodType>>;
type SchemasOf<D> = D extends { args: infer A extends Schemas } ? A : [];
type ShapeOf<D> = D extends { options: infer O extends Shape } ? O : never;
type LimitsIn<D> = D extends { limits: infer L } ? L : undefined;

type All<A extends Schemas> = { -readonly [I in keyof A]: Output<A[I]> };
type Needed<A extends Schemas> = A extends readonly [
  infer First extends z.ZodType,
  ...infer Rest extends Schemas,
]
  ? First extends z.ZodExactOptional
    ? []
    : [Output<First>, ...Needed<Rest>]
  : [];
type Options<D> = [ShapeOf<D>] extends [never]
  ? []
  : [{ [P in keyof ShapeOf<D>]?: Output<ShapeOf<D>[P]> }];

/** What is given at least; options always, where they are to end the call in time. */
type Least<D> = D extends { limits: string }
  ? [...All<SchemasOf<D>>, { timeout: number }]
  : Needed<SchemasOf<D>>;

type ParametersOf<T, M> = M extends keyof T
  ? T[M] extends (...args: infer P) => unknown
    ? P
    : never
  : never;
type Last<P extends readonly unknown[]> =
  Required<P> extends readonly [...unknown[], infer O] ? O : never;
type LimitsOf<O> = [O] extends [never]
  ? undefined
  : string extends keyof O
    ? undefined
    : 'signal' extends keyof O
      ? 'signal'
      : 'timeout' extends keyof O
        ? 'timeout'
        : undefined;

/** What a definition has to be; itself, where it fits the method of Playwright. */
export type Checked<T, M, D extends Definition> = [ParametersOf<T, M>] extends [never]
  ? { 'Playwright has no method': M }
  : CheckedArguments<ParametersOf<T, M>, D>;

type CheckedArguments<P extends readonly unknown[], D> = [
  ...All<SchemasOf<D>>,
  ...Options<D>,
] extends P
  ? Least<D> extends P
    ? CheckedOptions<Last<P>, D>
    : { 'Playwright needs': P; given: Least<D> }
  : { 'Playwright takes': P; given: [...All<SchemasOf<D>>, ...Options<D>] };

type Surplus<O, D> = [ShapeOf<D>] extends [never] ? never : Exclude<keyof ShapeOf<D>, keyof O>;
type CheckedOptions<O, D> = [Surplus<O, D>] extends [never]
  ? [LimitsOf<O>, LimitsIn<D>] extends [LimitsIn<D>, LimitsOf<O>]
    ? D
    : { 'Playwright takes the limits': LimitsOf<O> }
  : { 'Playwright has no options': Surplus<O, D> };
