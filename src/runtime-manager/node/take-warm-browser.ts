import type { BrowserMachine, MachineBrowser } from '../machine/browser-machine.ts';
import type { FirstState } from '../runtime/lifecycle.ts';
import type { RunningMove, Runtime } from '../runtime/runtime.ts';
import { runningMove } from './running-move.ts';
import type { RuntimeMetrics } from './start-stages.ts';

interface TakenBrowser {
  browser: MachineBrowser;
  /** Undefined: there was nothing to record. */
  runtime: Runtime | undefined;
}

/**
 * Makes a browser of the warm pool a runtime's: the record is written as running with it, in one
 * statement. The browser goes back to the pool with `stack`. Undefined when none is ready.
 */
export async function takeWarmBrowser(
  { machine, metrics }: { machine: BrowserMachine; metrics: RuntimeMetrics },
  write: (state: FirstState, running: RunningMove) => Promise<Runtime | undefined>,
  stack: DisposableStack,
): Promise<TakenBrowser | undefined> {
  if (machine.warmBrowsers === 0) return undefined;
  const ready = await metrics.time('browser', () => machine.takeReady());
  if (!ready) return undefined;
  stack.defer(() => ready.giveBack());
  const { browser } = ready;
  const running = runningMove(browser, { proxy: undefined });
  return { browser, runtime: await metrics.time('store', () => write('launching', running)) };
}
