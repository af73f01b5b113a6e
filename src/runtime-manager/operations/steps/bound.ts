import type { Yield } from '../calls/definition.ts';
import type { Kind } from '../calls/kinds.ts';

/** What an alias is known to be before any step runs. */
export interface Bound {
  /** Undefined: its step is refused, so nobody knows. */
  kind: Kind | undefined;
  /** What is waited for, by a subscription. */
  awaits?: Yield | undefined;
  /** Whether its step is a dry run, so that nothing is ever bound. */
  isDry: boolean;
}
