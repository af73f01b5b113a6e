import { z } from 'zod';
import type { CdpParams } from '../browser/cdp/protocol.ts';
import { isTooLarge, tooLarge } from './one-shot-errors.ts';
import type { Clip, ScreenshotWork } from './one-shot-order.ts';
import { pageCall } from './page-call.ts';
import { box } from './page-scripts/selectors.ts';
import type { VisitedPage } from './visited-page.ts';

/** The browser holds all of them in memory, four bytes each, more than once. */
const MOST_PIXELS = 64_000_000;
const TRANSPARENT = { r: 0, g: 0, b: 0, a: 0 };

/** The process of a page may have written these. */
const Picture = z.object({ data: z.string() });
const Box = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });
const Layout = z.object({ cssContentSize: z.object({ width: z.number(), height: z.number() }) });

/** A picture of the page, of an element, or of a part. Throws `page.too_large`, or as the page. */
export async function takePicture(
  page: VisitedPage,
  work: ScreenshotWork,
  deviceScaleFactor: number,
): Promise<Buffer> {
  const { session, signal } = page;
  const { format, quality, omitBackground } = work;
  const clip = await clipOf(page, work);
  if (clip && clip.width * clip.height * deviceScaleFactor ** 2 > MOST_PIXELS) {
    throw tooLarge('The picture', `${MOST_PIXELS} pixels`);
  }
  const params: CdpParams<'Page.captureScreenshot'> = {
    format,
    ...(quality !== undefined && { quality }),
    ...(clip && { clip: { ...clip, scale: 1 }, captureBeyondViewport: true }),
  };
  if (omitBackground) {
    const color = { color: TRANSPARENT };
    await session.send('Emulation.setDefaultBackgroundColorOverride', color, { signal });
  }
  try {
    const taken = await session.send('Page.captureScreenshot', params, { signal, isLarge: true });
    return Buffer.from(Picture.parse(taken).data, 'base64');
  } catch (error) {
    if (isTooLarge(error)) throw tooLarge('The picture', '96 MB');
    throw error;
  }
}

/** Undefined: what the viewport shows. */
async function clipOf(page: VisitedPage, work: ScreenshotWork): Promise<Clip | undefined> {
  const { fullPage, selector, clip } = work;
  if (selector !== undefined) {
    page.expectSelector('selector', selector);
    return page.ask(pageCall(box, selector), Box);
  }
  if (!fullPage) return clip;
  const told = await page.session.send('Page.getLayoutMetrics', {}, { signal: page.signal });
  return { x: 0, y: 0, ...Layout.parse(told).cssContentSize };
}
