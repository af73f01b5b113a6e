import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';

/** A library that customers drive browsers with. */
export interface Driver {
  name: string;
  connect: (cdpUrl: string) => Promise<DrivenPage>;
}

/** The page that the browser comes with. */
export interface DrivenPage {
  goto: (url: string) => Promise<unknown>;
  title: () => Promise<string>;
  /** Leaves the browser to whoever opened it. */
  leave: () => Promise<void>;
}

export const PUPPETEER: Driver = {
  name: 'Puppeteer',
  connect: async (browserWSEndpoint) => {
    const browser = await puppeteer.connect({ browserWSEndpoint, defaultViewport: null });
    const [page] = await browser.pages();
    if (!page) throw new Error('Puppeteer sees no page');
    return {
      goto: (url) => page.goto(url),
      title: () => page.title(),
      leave: () => browser.disconnect(),
    };
  },
};

export const PLAYWRIGHT: Driver = {
  name: 'Playwright',
  connect: async (cdpUrl) => {
    const browser = await chromium.connectOverCDP(cdpUrl);
    const page = browser.contexts()[0]?.pages()[0];
    if (!page) throw new Error('Playwright sees no page');
    return {
      goto: (url) => page.goto(url),
      title: () => page.title(),
      leave: () => browser.close(),
    };
  },
};
