import type { Route } from '../egress/route.ts';
import { addressOf } from '../runtime/launch.ts';
import type { MachineBrowser } from '../machine/browser-machine.ts';
import type { RunningMove, RuntimeWarning } from '../runtime/runtime.ts';

/** What is recorded of a runtime that runs now, with its browser and the route of the traffic. */
export function runningMove(
  browser: MachineBrowser,
  { proxy }: Pick<Route, 'proxy'>,
  warnings: RuntimeWarning[] = [],
): RunningMove {
  return {
    to: 'running',
    defaultContextId: browser.pages.contextId,
    defaultPageId: browser.pages.defaultPageId,
    browserDirectory: browser.directory,
    proxy: proxy && addressOf(proxy),
    extensions: browser.extensions,
    warnings,
  };
}
