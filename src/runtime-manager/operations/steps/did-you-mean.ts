import { nearName } from '../../runtime/near-name.ts';

/** A question that ends a refusal; empty when none of `names` is like the one that was given. */
export function didYouMean(given: string, names: readonly string[]): string {
  const near = nearName(given, names);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}
