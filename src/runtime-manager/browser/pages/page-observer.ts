import type { CdpSession } from '../cdp/cdp-session.ts';
import { PAGE_EVENT_SOURCES, toPageEvent, type PageEvent } from './page-events.ts';

/** A page to observe. Chromium repeats the past events of a page that is not new; they are skipped. */
export interface ObservedPage {
  pageId: string;
  isNew: boolean;
}

/** Tells what happens in a page until the result is disposed. Takes a debugging session. */
export function observePage(
  browser: CdpSession,
  page: ObservedPage,
  tell: (event: PageEvent) => void,
): Disposable {
  const over = new AbortController();
  // A failure means that the page was closed meanwhile, or hangs.
  observeUntil(over.signal, browser, page, tell).catch(() => undefined);
  return { [Symbol.dispose]: () => over.abort() };
}

async function observeUntil(
  over: AbortSignal,
  browser: CdpSession,
  { pageId, isNew }: ObservedPage,
  tell: (event: PageEvent) => void,
): Promise<void> {
  const session = await browser.attach(pageId);
  const leave = () => session[Symbol.dispose]();
  if (over.aborted) return leave();
  over.addEventListener('abort', leave, { once: true });
  if (isNew) listen(session, pageId, tell);
  await Promise.all([
    session.send('Page.enable', {}),
    session.send('Page.setLifecycleEventsEnabled', { enabled: true }),
    session.send('Runtime.enable', {}),
    session.send('Log.enable', {}),
  ]);
  if (!isNew) listen(session, pageId, tell);
}

function listen(session: CdpSession, pageId: string, tell: (event: PageEvent) => void): void {
  for (const source of PAGE_EVENT_SOURCES) {
    session.on(source, (told) => {
      const event = toPageEvent(source, told, pageId);
      if (event) tell(event);
    });
  }
}
