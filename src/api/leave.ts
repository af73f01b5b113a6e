import { setTimeout as delay } from 'node:timers/promises';
import type { Drain } from '../runtime-manager/index.ts';
import type { Config } from './config/config.ts';
import type { ApiServer } from './http/server.ts';

/** How long a balancer may take to notice that a process is not ready any more. */
const UNREADY_MS = 5000;

export interface LeaveParts extends Pick<Config, 'role' | 'drainMs'> {
  server: Pick<ApiServer, 'leave'>;
  /** Undefined in a process without browsers. */
  drain: Pick<Drain, 'finish'> | undefined;
}

/**
 * Has others take over what is new, while what is under way goes on. Resolves when the process may be
 * closed: its runtimes are over or are being stopped, or no balancer sends anybody any more.
 */
export async function leave({ role, drainMs, server, drain }: LeaveParts): Promise<void> {
  if (role === 'api') {
    server.leave();
    await delay(UNREADY_MS);
  } else if (drain && drainMs > 0) {
    server.leave();
    await drain.finish();
  }
}
