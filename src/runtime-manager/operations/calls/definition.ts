import type { z } from 'zod';
import type { Kind } from './kinds.ts';

/**
 * What a call leads to: what Playwright has as an object can be bound, and of a file its bytes are
 * kept. `event`: what its first argument names.
 */
export type Yield = (typeof NO_OBJECTS)[number] | Kind;
const NO_OBJECTS = ['nothing', 'value', 'file', 'event'] as const;

/** Whether a later step can make calls on what a call yields. */
export function isKind(yields: Yield): yields is Kind {
  return !NO_OBJECTS.some((one) => one === yields);
}

export interface Definition {
  args?: readonly z.ZodType[];
  /** Each may be left out. */
  options?: Readonly<Record<string, z.ZodType>>;
  /** What the method takes among its options to end in time. */
  limits?: 'signal' | 'timeout';
  yields?: Yield;
  /** Which argument is the time that the call takes. */
  lasts?: number;
  /** With an alias the call only begins to listen; a later step waits for what it yields. */
  listens?: boolean;
}
