import { CdpRefusal } from '../browser/cdp/cdp-pipe.ts';
import type { CdpSession } from '../browser/cdp/cdp-session.ts';
import { invalidOption } from './one-shot-errors.ts';
import type { Visit } from './one-shot-order.ts';
import { addOriginHeaders } from './origin-headers.ts';

/**
 * Makes a page that is empty yet as it is asked for. Throws `page.invalid_option` for cookies that
 * Chromium does not take.
 */
export async function setUpPage(
  session: CdpSession,
  { url, viewport, headers, cookies }: Visit,
  signal: AbortSignal,
): Promise<void> {
  dismissDialogs(session, signal);
  const origin = url === undefined ? undefined : new URL(url).origin;
  const hasHeaders = Object.keys(headers).length > 0;
  await Promise.all([
    session.send('Page.enable', {}, { signal }),
    session.send('Page.setLifecycleEventsEnabled', { enabled: true }, { signal }),
    viewport && session.send('Emulation.setDeviceMetricsOverride', viewport, { signal }),
    viewport?.mobile &&
      session.send('Emulation.setTouchEmulationEnabled', { enabled: true }, { signal }),
    origin !== undefined && hasHeaders && addOriginHeaders(session, { origin, headers }, signal),
    cookies.length > 0 && setCookies(session, { url, cookies }, signal),
  ]);
}

/** Nobody is there to answer one, and scripts wait for the answer. */
function dismissDialogs(session: CdpSession, signal: AbortSignal): void {
  session.on('Page.javascriptDialogOpening', ({ type }) => {
    // A page that asks whether to leave is left; everything else is declined.
    const accept = type === 'beforeunload';
    session.send('Page.handleJavaScriptDialog', { accept }, { signal }).catch(() => undefined);
  });
}

async function setCookies(
  session: CdpSession,
  { url, cookies }: { url: string | undefined; cookies: Visit['cookies'] },
  signal: AbortSignal,
): Promise<void> {
  const placed = cookies.map((cookie) => ({
    ...cookie,
    ...(cookie.domain === undefined && url !== undefined && { url }),
  }));
  try {
    await session.send('Network.setCookies', { cookies: placed }, { signal });
  } catch (error) {
    if (!(error instanceof Error && error.cause instanceof CdpRefusal)) throw error;
    throw invalidOption('cookies', 'Chromium does not take one of them');
  }
}
