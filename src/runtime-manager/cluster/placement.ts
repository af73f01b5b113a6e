import type { KnownNode } from './directory.ts';

/** How many nodes are tried for one runtime. */
const TRIED = 4;
/** Of so many nodes all are compared. */
const COMPARED = 8;

/** What a runtime asks of its node. */
export interface Wish {
  /** Whether any fresh browser will do. */
  isPlain: boolean;
  needsWebDriver: boolean;
}

/**
 * The nodes to try for a runtime, best first. Of many nodes, the better one of two that chance chose
 * comes first: so those who choose at once, by the same beacons, do not all choose the same.
 * https://www.eecs.harvard.edu/~michaelm/postscripts/handbook2001.pdf
 */
export function candidates(nodes: readonly KnownNode[], wish: Wish): KnownNode[] {
  const able = nodes.filter(({ beacon }) => beacon.hasWebDriver || !wish.needsWebDriver);
  const shuffled = shuffle(able);
  const compared = able.length <= COMPARED ? able.length : 2;
  const byBusyness = (some: KnownNode[]) =>
    some.toSorted((one, other) => busyness(one, wish) - busyness(other, wish));
  return [...byBusyness(shuffled.slice(0, compared)), ...shuffled.slice(compared)].slice(0, TRIED);
}

/** The part of a node's places that is taken; one without a ready browser counts as busier. */
function busyness({ beacon, placed }: KnownNode, { isPlain }: Wish): number {
  const { slots, active, waiting, free, warm } = beacon;
  const taken = (active + waiting + placed) / Math.max(1, slots);
  const isFull = free - placed <= 0 ? 2 : 0;
  const isCold = isPlain && warm - placed <= 0 ? 1 / Math.max(1, slots) : 0;
  return taken + isFull + isCold;
}

/** https://en.wikipedia.org/wiki/Fisher%E2%80%93Yates_shuffle */
function shuffle<T>(given: readonly T[]): T[] {
  const shuffled = [...given];
  for (let at = shuffled.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1));
    const [one] = shuffled.splice(other, 1);
    if (one !== undefined) shuffled.splice(at, 0, one);
  }
  return shuffled;
}
