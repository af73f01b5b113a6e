import { closest, distance } from 'fastest-levenshtein';

/** A question that ends a refusal; empty when none of `names` is like the one that was given. */
export function didYouMean(given: string, names: readonly string[]): string {
  const byLower = new Map(names.map((name) => [name.toLowerCase(), name]));
  if (byLower.size === 0) return '';
  const lower = given.slice(0, 100).toLowerCase();
  const nearest = closest(lower, [...byLower.keys()]);
  const isNear = distance(lower, nearest) <= Math.max(1, Math.floor(nearest.length / 4));
  return isNear ? `; did you mean "${byLower.get(nearest)}"?` : '';
}
