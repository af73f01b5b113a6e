import { z } from 'zod';
import type { CdpSession } from '../browser/cdp/cdp-session.ts';
import type { Pages } from '../browser/pages/pages.ts';
import { whenActive } from './when-active.ts';

const Visibility = z.object({ visible: z.boolean() });
/** Not a picture that anybody looks at. */
const TINY = { format: 'jpeg', quality: 1, maxWidth: 16, maxHeight: 16 } as const;

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
  try {
    await whenActive(session, () =>
      session.send('Page.startScreencast', { ...TINY, maxFramesInFlight: 1 }),
    );
    return session;
  } catch (error) {
    session[Symbol.dispose]();
    throw error;
  }
}
