import { PAGE_HEADERS, type OneShotOrder, type OneShotWork } from './one-shot-order.ts';
import { printPage } from './print-page.ts';
import { readContent, readElements } from './read-page.ts';
import { takePicture } from './take-picture.ts';
import { VisitedPage, type Source, type VisitParts } from './visited-page.ts';

/** An address that fits into a header; data: URLs, for one, may be of any length. */
const HEADER_URL = /^[!-~]{1,4000}$/;

interface Outcome {
  type: string;
  content: Buffer | string;
}

/**
 * Visits the page of an order, and answers with what is made of it. Throws `page.load_failed`,
 * `page.selector_not_found`, `page.invalid_option`, `page.too_large`, or the reason of the signal.
 */
export async function carryOut(parts: VisitParts): Promise<Response> {
  const { order } = parts;
  using page = new VisitedPage(parts);
  await page.visit(selectorsOf(order));
  // Chromium does both at once.
  const [{ type, content }, source] = await Promise.all([make(page, order), page.source()]);
  const body = typeof content === 'string' ? content : new Uint8Array(content);
  return new Response(body, { headers: { 'content-type': type, ...headersOf(order, source) } });
}

/** Every selector of an order, by its path. */
function selectorsOf({ visit, work }: OneShotOrder): ReadonlyMap<string, string> {
  const selectors = new Map<string, string>();
  const { selector } = visit.waitFor;
  if (selector !== undefined) selectors.set('waitFor.selector', selector);
  if (work.what === 'screenshot' && work.selector !== undefined) {
    selectors.set('selector', work.selector);
  }
  if (work.what !== 'scrape') return selectors;
  for (const [name, element] of Object.entries(work.elements)) {
    selectors.set(`elements.${name}.selector`, element.selector);
  }
  return selectors;
}

async function make(page: VisitedPage, { visit, work }: OneShotOrder): Promise<Outcome> {
  switch (work.what) {
    case 'screenshot': {
      const { deviceScaleFactor = 1 } = visit.viewport ?? {};
      const content = await takePicture(page, work, deviceScaleFactor);
      return { type: typeOf(work), content };
    }
    case 'pdf':
      return { type: 'application/pdf', content: await printPage(page, work) };
    case 'content':
      return { type: 'text/html; charset=utf-8', content: await readContent(page) };
    case 'scrape':
      return {
        type: 'application/json',
        content: JSON.stringify(await readElements(page, work)),
      };
  }
}

function typeOf({ format }: Extract<OneShotWork, { what: 'screenshot' }>): string {
  return `image/${format}`;
}

/** A page that was given as HTML came from nowhere. */
function headersOf({ visit }: OneShotOrder, { url, status }: Source): Record<string, string> {
  if (visit.url === undefined) return {};
  return {
    ...(HEADER_URL.test(url) && { [PAGE_HEADERS.url]: url }),
    ...(status > 0 && { [PAGE_HEADERS.status]: String(status) }),
  };
}
