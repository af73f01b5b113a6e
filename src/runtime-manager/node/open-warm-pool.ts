import type { Logger } from 'pino';
import { RuntimeError } from '../errors.ts';
import { WarmPool, type WarmPoolSize } from '../pool/warm-pool.ts';
import type { Launcher } from './launcher.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { describeLaunch, NO_PROFILE } from './probe.ts';
import type { ReachableBrowser } from './reachable-browser.ts';

const WARM_UP_TIMEOUT_MS = 10_000;

export interface WarmPoolParts {
  launcher: Launcher;
  memory: MemoryBudget;
  size: WarmPoolSize;
  /** Launches at once. */
  maxLaunches: number;
  /** Whether browsers are being launched that somebody waits for. */
  isBusy: () => boolean;
  log: Logger;
}

/** Keeps ephemeral browsers of this machine ready, as far as it has memory and nothing better to do. */
export function openWarmPool(parts: WarmPoolParts): WarmPool<ReachableBrowser> {
  const { launcher, memory, size, maxLaunches, isBusy, log } = parts;
  return new WarmPool({
    ...size,
    maxLaunches,
    launch: (signal, hurry) => launchWarm(launcher, signal, hurry),
    mayRefill: () => !isBusy() && memory.hasRoomFor(1),
    isShort: () => !memory.hasRoomFor(0),
    log,
  });
}

async function launchWarm(
  launcher: Launcher,
  signal: AbortSignal,
  hurry: AbortSignal,
): Promise<ReachableBrowser> {
  const launched = await launcher.launch({ ...NO_PROFILE, hurry }, signal);
  const { browser } = launched;
  try {
    await browser.warmUp(AbortSignal.any([signal, AbortSignal.timeout(WARM_UP_TIMEOUT_MS)]));
    return launched;
  } catch (cause) {
    await browser.kill();
    throw new RuntimeError('runtime.launch_failed', describeLaunch(cause), { cause });
  }
}
