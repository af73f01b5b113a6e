import type { Browser, Page } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { onTestFinished } from 'vitest';

/** The page that a runtime comes with, in Playwright's hands until the test is over. */
export async function playwrightPage(browser: Browser, url: string): Promise<Page> {
  onTestFinished(() => browser.close());
  const page = browser.contexts()[0]?.pages()[0];
  if (!page) throw new Error('there is no page');
  await page.goto(url);
  return page;
}

/** The same in Puppeteer's. */
export async function puppeteerPage(cdpUrl: string, url: string) {
  const browser = await puppeteer.connect({ browserWSEndpoint: cdpUrl, defaultViewport: null });
  onTestFinished(() => browser.disconnect());
  const [page] = await browser.pages();
  if (!page) throw new Error('there is no page');
  await page.goto(url);
  return page;
}
