/** The door of the core: what the edge and the database may know of it. */
export { ensureChromium } from './browser/install-chromium.ts';
export { ensureChromedriver } from './browser/find-chromedriver.ts';
export { ACCESSES } from './connections/cdp-policy.ts';
export { PROTOCOLS, type Connection, type Protocol } from './connections/connections.ts';
export { RuntimeError, type RuntimeErrorCode } from './errors.ts';
export { PROXY_TYPES, type Launch } from './launch.ts';
export {
  ACTIVE_STATES,
  DRIVERS,
  LAUNCH_MODES,
  RUNTIME_KINDS,
  RUNTIME_STATES,
  RUNTIME_STATUSES,
  STOP_REASONS,
  statesBefore,
  statusOf,
  type RuntimeState,
} from './lifecycle.ts';
export { RuntimeManager, type Actor, type Entrance } from './manager.ts';
export { LocalNode } from './node/local-node.ts';
export { reconcile } from './reconciler.ts';
export type { NewRuntime, Page, PageRequest, Runtime, RuntimeMove, RuntimeStore } from './store.ts';
