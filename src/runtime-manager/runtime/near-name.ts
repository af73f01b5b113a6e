import { closest, distance } from 'fastest-levenshtein';

/** The one of `names` that was most likely meant; undefined when none is alike. */
export function nearName(given: string, names: readonly string[]): string | undefined {
  const bare = plain(given);
  const byPlain = new Map(names.map((name) => [plain(name), name]));
  if (byPlain.size === 0) return undefined;
  const nearest = closest(bare, [...byPlain.keys()]);
  const isAlike = distance(bare, nearest) <= Math.max(1, Math.floor(nearest.length / 4));
  return isAlike ? byPlain.get(nearest) : undefined;
}

/** Names of other conventions are the same name: `extension_ids`, `ExtensionIDs`. */
function plain(name: string): string {
  return name.slice(0, 100).replace(/[-_]/g, '').toLowerCase();
}
