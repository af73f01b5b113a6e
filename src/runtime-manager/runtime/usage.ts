/** What went through a browser's connections. */
export interface Usage {
  /** What the browser received. */
  bytesIn: number;
  bytesOut: number;
  /** How many connections were opened. */
  connections: number;
}

export const NO_USAGE: Usage = { bytesIn: 0, bytesOut: 0, connections: 0 };

export function addUsage(one: Usage, other: Usage): Usage {
  return {
    bytesIn: one.bytesIn + other.bytesIn,
    bytesOut: one.bytesOut + other.bytesOut,
    connections: one.connections + other.connections,
  };
}

/** How long the present or last life of a runtime was up, by the dates that are recorded of it. */
export function durationMsOf(
  { startedAt, stoppedAt }: { startedAt: Date | undefined; stoppedAt: Date | undefined },
  now: Date,
): number {
  if (!startedAt) return 0;
  return Math.max(0, (stoppedAt ?? now).getTime() - startedAt.getTime());
}
