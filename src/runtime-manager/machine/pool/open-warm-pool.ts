import type { Logger } from 'pino';
import { RuntimeError } from '../../errors.ts';
import { WarmPool, type WarmPoolSize } from './warm-pool.ts';
import { openDeadline } from '../../browser/launch-deadline.ts';
import type { Launcher } from '../launcher.ts';
import { detached } from '../../tracing/tracing.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import { describeLaunch, NO_PROFILE } from '../probe.ts';
import type { ReachableBrowser } from '../reachable-browser.ts';

const WARM_UP_TIMEOUT_MS = 10_000;

export interface WarmPoolParts {
  launcher: Launcher;
  memory: MemoryBudget;
  size: WarmPoolSize;
  /** How many launches may run at once. */
  maxLaunches: number;
  /** Whether browsers are being launched that somebody waits for. */
  isBusy: () => boolean;
  log: Logger;
}

/** Keeps ephemeral browsers of this machine ready, as far as it has memory and nothing better to do. */
export function openWarmPool(parts: WarmPoolParts): WarmPool<ReachableBrowser> {
  const { memory, size, maxLaunches, isBusy, log } = parts;
  return new WarmPool({
    ...size,
    maxLaunches,
    // Whoever happens to begin a launch may not be whoever gets the browser.
    launch: (signal, hurry) => detached(() => launchWarm(parts, signal, hurry)),
    mayRefill: (launching) => !isBusy() && memory.hasRoomFor(launching + 1),
    isShort: () => !memory.hasRoomFor(0),
    log,
  });
}

async function launchWarm(
  { launcher, log }: WarmPoolParts,
  signal: AbortSignal,
  hurry: AbortSignal,
): Promise<ReachableBrowser> {
  const launched = await launcher.launch({ ...NO_PROFILE, hurry }, signal);
  const { browser } = launched;
  using deadline = openDeadline(WARM_UP_TIMEOUT_MS, hurry);
  deadline.watch(browser.pid);
  try {
    await browser.checkPage(AbortSignal.any([signal, deadline.signal]));
    return launched;
  } catch (cause) {
    log.warn({ err: cause }, 'the page of a browser launched ahead did not come up');
    await browser.kill();
    throw new RuntimeError('runtime.launch_failed', describeLaunch(cause), { cause });
  }
}
