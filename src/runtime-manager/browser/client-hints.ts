import { z } from 'zod';
import type { CdpSession } from './cdp/cdp-session.ts';

const Brands = z.array(z.object({ brand: z.string(), version: z.string() }));
/** What `navigator.userAgentData` tells. */
const Hints = z.object({
  brands: Brands,
  fullVersionList: Brands,
  uaFullVersion: z.string(),
  platform: z.string(),
  platformVersion: z.string(),
  architecture: z.string(),
  model: z.string(),
  mobile: z.boolean(),
  bitness: z.string(),
  wow64: z.boolean(),
  formFactors: z.array(z.string()),
});
export type ClientHints = z.infer<typeof Hints>;

/**
 * Chromium tells its hints to secure pages only. The service answers for this page, and nobody is
 * asked for it.
 */
const SECURE_PAGE = 'https://hints.invalid/';
const ASK = `navigator.userAgentData.getHighEntropyValues(${JSON.stringify(Object.keys(Hints.shape))})`;

/**
 * The hints of a Chromium that was launched without `--user-agent`. Leaves the page at another
 * address.
 */
export async function readClientHints(
  browser: CdpSession,
  pageId: string,
  signal: AbortSignal,
): Promise<ClientHints> {
  using page = await browser.attach(pageId, { signal });
  page.on('Fetch.requestPaused', ({ requestId }) => {
    const answer = { requestId, responseCode: 200 };
    page.send('Fetch.fulfillRequest', answer, { signal }).catch(() => undefined);
  });
  await page.send('Fetch.enable', {}, { signal });
  await page.send('Page.navigate', { url: SECURE_PAGE }, { signal });
  const ask = { expression: ASK, awaitPromise: true, returnByValue: true };
  const { result } = await page.send('Runtime.evaluate', ask, { signal });
  return Hints.parse(result.value);
}

/**
 * Gives a browser with its own user agent the hints back that Chromium empties beside
 * `--user-agent`. No flag does that, so every page, frame and worker gets a debugging session. Each
 * of them waits at its start for the hints, so that its first request tells them, too. Call this
 * before there is a page.
 */
export async function giveClientHints(
  browser: CdpSession,
  { userAgent, hints }: { userAgent: string; hints: ClientHints },
  signal: AbortSignal,
): Promise<void> {
  const { uaFullVersion: fullVersion, ...known } = hints;
  const override = { userAgent, userAgentMetadata: { ...known, fullVersion } };
  const give = (target: CdpSession) => {
    // No other session of the service sees what comes up within this target.
    target.on('Target.attachedToTarget', ({ sessionId }) => give(target.child(sessionId)));
    for (const sent of [
      target.send('Emulation.setUserAgentOverride', override),
      target.send('Target.setAutoAttach', FOLLOW),
      target.send('Runtime.runIfWaitingForDebugger', {}),
    ]) {
      // Some kinds of targets know no override: they go on as they are.
      sent.catch(() => undefined);
    }
  };
  browser.on('Target.attachedToTarget', ({ sessionId, waitingForDebugger }) => {
    // Other code of the service attaches to targets here as well; those targets do not wait.
    if (waitingForDebugger) give(browser.child(sessionId));
  });
  await browser.send('Target.setAutoAttach', FOLLOW, { signal });
}

const FOLLOW = { autoAttach: true, waitForDebuggerOnStart: true, flatten: true };
