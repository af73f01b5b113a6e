import type { Endpoints } from '../connections/endpoints.ts';
import type { LoadedExtension } from '../extensions/extension.ts';
import type { UsedProfile, MachineBrowser } from './browser-machine.ts';
import type { ConfinedBrowser } from './confined-browser.ts';
import { yieldEncoders } from '../browser/encoder-priority.ts';
import type { SpanContext } from '../tracing/open-span.ts';
import { Uploads } from '../browser/uploads.ts';
import { Transfers } from './transfers.ts';

/** A browser with the ways to speak to it. */
export interface ReachableBrowser extends ConfinedBrowser {
  endpoints: Endpoints;
  /** The span of its launch. */
  launchSpan: SpanContext;
}

/** The browser as the manager sees it. */
export function toMachineBrowser(
  { browser, forwarder, endpoints }: ReachableBrowser,
  profile: UsedProfile | undefined,
  extensions: LoadedExtension[],
): MachineBrowser {
  return {
    endpoints,
    pages: browser.pages,
    downloads: browser.downloads,
    forwarder,
    transfers: new Transfers(browser.directory.files, () => forwarder.usage),
    uploads: new Uploads(browser.directory.files),
    extensions,
    profile,
    exited: browser.exited,
    directory: browser.directory.name,
    close: () => browser.close(),
    kill: () => {
      // The helpers are processes of their own, and must not do anything more either.
      forwarder.closeRoute();
      // The browser's own disposal reports failures.
      endpoints[Symbol.asyncDispose]().catch(() => undefined);
      return browser.kill();
    },
    yieldEncoders: () => yieldEncoders(browser.pid),
  };
}
