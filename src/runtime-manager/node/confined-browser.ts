import {
  launchBrowser,
  type Browser,
  type BrowserIdentity,
  type BrowserSettings,
} from '../browser/browser.ts';
import { Forwarder, type ForwarderOptions } from '../egress/forwarder.ts';

/** A browser whose only way out is a forwarder, which has no route yet. */
export interface ConfinedBrowser {
  browser: Browser;
  forwarder: Forwarder;
}

/** Both end as one, with the browser. Throws as `launchBrowser`. */
export async function launchConfined(
  settings: BrowserSettings,
  identity: BrowserIdentity,
  egress: ForwarderOptions,
  signal: AbortSignal,
): Promise<ConfinedBrowser> {
  await using stack = new AsyncDisposableStack();
  const forwarder = stack.use(await Forwarder.open(egress));
  const launch = { ...identity, proxyServer: forwarder.proxyServer };
  const browser = await launchBrowser(settings, launch, signal);
  browser.own(egress.ownPorts.hold(browser.endpoint.port));
  browser.own(forwarder);
  stack.move();
  return { browser, forwarder };
}
