import { z } from 'zod';
import { CdpRefusal } from '../browser/cdp/cdp-pipe.ts';
import type { CdpSession } from '../browser/cdp/cdp-session.ts';
import type { CdpParams, CdpResult } from '../browser/cdp/protocol.ts';
import { retry } from '../timing/retry.ts';
import { untilAborted } from '../timing/until-aborted.ts';
import type { ScreenshotRequest } from './screenshot-request.ts';

/** A page that has not drawn itself anew by then is busy, is hidden or shows a dialog. */
const DRAWS_MS = 500;
/** What Chromium says of a page that has only just opened. */
const OPENING = 'Not attached to an active page';
const OPENING_DELAYS = { minMs: 10, maxMs: 100 };

/** The process of a page may have written it. */
const Picture = z.object({ data: z.string() });

type Command = 'Page.startScreencast' | 'Page.captureScreenshot';
type Look = Pick<ScreenshotRequest, 'format' | 'quality'>;

/**
 * A picture of what a page shows, over a session for nothing else, which the caller ends. It never
 * asks for a `clip`: for that Chromium resizes hidden pages, and takes emulated devices and zoom away
 * from clients. Throws when Chromium refuses, when the session ends, and when `signal` aborts.
 */
export async function pagePicture(
  session: CdpSession,
  { width, ...look }: Look & Pick<ScreenshotRequest, 'width'>,
  signal: AbortSignal,
): Promise<Buffer> {
  const until = AbortSignal.any([signal, session.gone]);
  const told =
    width === undefined
      ? await drawn(session, look, until)
      : await firstFrame(session, { ...castOf(look), maxWidth: width }, until);
  return Buffer.from(Picture.parse(told).data, 'base64');
}

/** The page as it draws itself now; where it does not, as it last did. */
async function drawn(session: CdpSession, look: Look, until: AbortSignal): Promise<unknown> {
  const picture = send(session, 'Page.captureScreenshot', look, until);
  const late = AbortSignal.timeout(DRAWS_MS);
  try {
    return await untilAborted(picture, late);
  } catch (error) {
    if (!late.aborted) throw error;
  }
  const frame = firstFrame(session, castOf(look), until);
  if (look.format !== 'webp') return frame;
  // A hidden page goes on drawing while there is a screencast, until the picture is there.
  frame.catch(() => undefined);
  return picture;
}

/** What the page drew last, even if its scripts are busy or a dialog holds them. */
async function firstFrame(
  session: CdpSession,
  cast: CdpParams<'Page.startScreencast'>,
  until: AbortSignal,
): Promise<unknown> {
  const { promise: frame, resolve, reject } = Promise.withResolvers<unknown>();
  using listening = new DisposableStack();
  listening.use(session.on('Page.screencastFrame', resolve));
  listening.use(
    session.on('Page.screencastVisibilityChanged', ({ visible }) => {
      // A hidden page draws while a screenshot is taken, and stays hidden for its scripts.
      if (!visible) send(session, 'Page.captureScreenshot', SMALL, until).catch(reject);
    }),
  );
  send(session, 'Page.startScreencast', cast, until).catch(reject);
  return await untilAborted(frame, until);
}

const SMALL = { format: 'jpeg', quality: 1 } as const;

function castOf({ format, ...look }: Look): CdpParams<'Page.startScreencast'> {
  return { ...look, format: format === 'png' ? 'png' : 'jpeg' };
}

function send<C extends Command>(
  session: CdpSession,
  command: C,
  params: CdpParams<C>,
  signal: AbortSignal,
): Promise<CdpResult<C>> {
  return retry(() => session.send(command, params, { signal }), {
    ...OPENING_DELAYS,
    signal,
    onFailure: (error) => {
      if (!isOpening(error)) throw error;
    },
  });
}

function isOpening(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof CdpRefusal && cause.message.includes(OPENING);
}
