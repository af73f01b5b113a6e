import type { IncomingHttpHeaders } from 'node:http';
import { HOP_BY_HOP } from '../../egress/hop-by-hop.ts';

const OURS = 'x-bctrl-';

/** What the two ends of the data plane tell each other beside what a client and a runtime say. */
export const HEADERS = {
  ticket: `${OURS}ticket`,
  base: `${OURS}base`,
  node: `${OURS}node`,
  first: `${OURS}first`,
  signature: `${OURS}signature`,
  /** Of the node, for a line: the API process has sent its own with the path. */
  nonce: `${OURS}nonce`,
  /** Whether an answer is that of the runtime, or a refusal (`problems.ts`). */
  answer: `${OURS}answer`,
  requestId: 'x-request-id',
} as const;

export const ANSWERS = { runtime: 'runtime', problem: 'problem' } as const;

/**
 * All that a node reads of a client's handshake: the API key of the client, for one, stays where it
 * was checked.
 */
const HANDSHAKE_HEADERS = [
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'user-agent',
  'x-playwright-browser',
];

export function handshakeHeaders(given: IncomingHttpHeaders): Record<string, string | string[]> {
  const all = HANDSHAKE_HEADERS.map((name) => [name, given[name]] as const);
  return {
    ...Object.fromEntries(all.flatMap(([name, value]) => (value ? [[name, value]] : []))),
    connection: 'Upgrade',
    upgrade: 'websocket',
  };
}

/** The headers of a runtime's answer that pass the data plane: ours say nothing there. */
export function answerHeaders(answer: Iterable<[string, string]>): [string, string][] {
  return [...answer].filter(([name]) => !isOurs(name) && !HOP_BY_HOP.has(name.toLowerCase()));
}

export function isOurs(name: string): boolean {
  return name.toLowerCase().startsWith(OURS);
}

/** The pairs of a flat list, as Node.js gives raw headers. */
export function pairsOf(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, nth) => [
    raw[2 * nth] ?? '',
    raw[2 * nth + 1] ?? '',
  ]);
}
