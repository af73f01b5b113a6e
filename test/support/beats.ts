import type { Bus } from '../../src/runtime-manager/cluster/bus.ts';
import { sendBeacons } from '../../src/runtime-manager/cluster/beacons.ts';
import { PROTOCOL, type Beacon } from '../../src/runtime-manager/cluster/messages.ts';
import type { NodeLife } from '../../src/runtime-manager/runtime/index.ts';

/** What a node tells of itself, with the given fields. */
export function beaconOf(
  { life: { id: nodeId, epoch }, address }: { life: NodeLife; address: string },
  differs: Partial<Beacon> = {},
): Beacon {
  const load = { slots: 10, active: 0, waiting: 0, free: 10, warm: 0 };
  const about = { protocol: PROTOCOL, nodeId, epoch, address, build: 'b', hasWebDriver: true };
  const machine = {
    launching: 0,
    oldestWaitMs: 0,
    memory: { freeBytes: 0, floorBytes: 0, browserBytes: 0 },
    launches: { perMinute: 0, failedPerMinute: 0, p50Ms: 0, p95Ms: 0 },
  };
  return { ...about, ...load, machine, state: 'up', languages: [], ...differs };
}

/** Has a node be heard from now on. */
export function beat(bus: Bus, beacon: Beacon): Disposable {
  return sendBeacons(bus, () => beacon);
}
