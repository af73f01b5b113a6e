import type { Bus } from './bus.ts';
import type { Beacon } from './messages.ts';
import { SUBJECTS } from './subjects.ts';

/** How often a node tells how it is. */
const BEACON_MS = 250;

/** Tells others how a node is, from now on; while there is no beacon, nothing. */
export function sendBeacons(
  bus: Bus,
  beacon: () => Beacon | undefined,
): Disposable & { now: () => void } {
  const now = () => {
    const told = beacon();
    if (told) bus.publish(SUBJECTS.beacon(told.nodeId), told);
  };
  now();
  const timer = setInterval(now, BEACON_MS).unref();
  return { now, [Symbol.dispose]: () => clearInterval(timer) };
}
