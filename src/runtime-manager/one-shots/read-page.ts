import { z } from 'zod';
import { isTooLarge, tooLarge } from './one-shot-errors.ts';
import { Scraped, type ScrapeWork } from './one-shot-order.ts';
import { pageCall } from './page-call.ts';
import { content } from './page-scripts/content.ts';
import { scrape } from './page-scripts/scrape.ts';
import type { VisitedPage } from './visited-page.ts';

/** Chromium writes other characters as six. */
const LIMITS = { most: 100_000, mostOfAll: 2_500_000 };
const MOST_CONTENT = '16 MB';

/** The page as HTML. Throws `page.too_large`, or as the page. */
export async function readContent(page: VisitedPage): Promise<string> {
  try {
    return await page.ask(pageCall(content), z.string());
  } catch (error) {
    throw isTooLarge(error) ? tooLarge('The page', MOST_CONTENT) : error;
  }
}

/** The elements that are asked for. Throws `page.too_large`, or as the page. */
export async function readElements(
  page: VisitedPage,
  { elements }: Pick<ScrapeWork, 'elements'>,
): Promise<Scraped> {
  const scraped = await page.ask(pageCall(scrape, elements, LIMITS), Scraped.nullable());
  if (scraped) return scraped;
  throw tooLarge('What was found', `${LIMITS.mostOfAll} characters`);
}
