import type { WindowWish } from '../webdriver/chrome-arguments.ts';
import type { PlainAnswer } from '../request-over.ts';
import { WebDriverError } from '../webdriver/webdriver-errors.ts';

type Send = (method: string, path: string, body: Buffer) => Promise<PlainAnswer>;

/**
 * Places the window of a new session by commands of WebDriver, as its client wants it. Ends the
 * session, and throws a `WebDriverError`, when the browser refuses.
 */
export async function placeWindow(
  send: Send,
  sessionId: string,
  { size, position, state }: WindowWish,
): Promise<void> {
  const session = `/session/${sessionId}`;
  const steps = {
    ...((size ?? position) && { rect: { ...size, ...position } }),
    ...(state && { [state]: {} }),
  };
  for (const [step, wish] of Object.entries(steps)) {
    const body = Buffer.from(JSON.stringify(wish));
    const { status } = await send('POST', `${session}/window/${step}`, body);
    if (status === 200) continue;
    await send('DELETE', session, Buffer.alloc(0));
    throw new WebDriverError(
      'session not created',
      'goog:chromeOptions.args: The browser refuses to place its window as these say.',
    );
  }
}
