import { z } from 'zod';
import type { CdpSession } from '../browser/cdp/cdp-session.ts';
import type { Pages } from '../browser/pages/pages.ts';
import { retry } from '../timing/retry.ts';

const Visibility = z.object({ visible: z.boolean() });
/** Not a picture that anybody looks at. */
const TINY = { format: 'jpeg', quality: 1, maxWidth: 16, maxHeight: 16 } as const;
/** What Chromium says of a page that has only just opened, it says for some milliseconds. */
const DELAYS = { minMs: 10, maxMs: 100 };
const ATTEMPTS = 8;

/**
 * Tells whether a tab is visible, now and whenever that changes, until the result is disposed. It is a
 * cast whose first picture is never acknowledged: so there is no second, a hidden tab is not woken, and
 * the page notices nothing. A cast tells the truth of a tab only while nobody records it. Throws as
 * `CdpSession.send`.
 */
export async function followVisibility(
  pages: Pick<Pages, 'attach'>,
  pageId: string,
  changed: (isVisible: boolean) => void,
): Promise<CdpSession> {
  const session = await pages.attach(pageId);
  session.on('Page.screencastVisibilityChanged', (told) => {
    const { data } = Visibility.safeParse(told);
    if (data) changed(data.visible);
  });
  let attempts = 0;
  try {
    await retry(() => session.send('Page.startScreencast', { ...TINY, maxFramesInFlight: 1 }), {
      ...DELAYS,
      signal: session.gone,
      onFailure: (error) => {
        if (++attempts === ATTEMPTS) throw error;
      },
    });
    return session;
  } catch (error) {
    session[Symbol.dispose]();
    throw error;
  }
}
