import { EVENT_TYPES, type EventType } from '../runtime/events.ts';
import { nearName } from '../runtime/near-name.ts';

const ALL = '*';
const WILDCARD = '.*';

/** `runtime.*` and so on: every beginning of a known type that ends before a dot. */
const GROUPS = [...new Set(EVENT_TYPES.flatMap(groupsOf))];

/** What webhooks may ask for. */
export const EVENT_PATTERNS: readonly string[] = [ALL, ...GROUPS, ...EVENT_TYPES];

/** What is wrong with a pattern, in words; undefined when it stands for events. */
export function eventPatternProblem(pattern: string): string | undefined {
  if (EVENT_PATTERNS.includes(pattern)) return undefined;
  const near = nearName(pattern, EVENT_PATTERNS);
  const hint = near === undefined ? `Groups are ${GROUPS.join(', ')}` : `Did you mean "${near}"?`;
  return `There are no such events. ${hint}`;
}

/** The types that patterns stand for; undefined: all. Patterns that stand for nothing are left out. */
export function typesOf(patterns: readonly string[]): EventType[] | undefined {
  if (patterns.includes(ALL)) return undefined;
  return EVENT_TYPES.filter((type) =>
    patterns.some((pattern) => pattern === type || groupsOf(type).includes(pattern)),
  );
}

function groupsOf(type: EventType): string[] {
  const words = type.split('.');
  return words.slice(1).map((_, nth) => words.slice(0, nth + 1).join('.') + WILDCARD);
}
