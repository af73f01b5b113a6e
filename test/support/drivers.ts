import { chromium, type Browser, type Page as PlaywrightPage } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { By } from 'selenium-webdriver';
import { attach } from './selenium.ts';

/** A client library in a browser's first page. */
export interface Driven extends AsyncDisposable {
  click(selector: string): Promise<void>;
  /** Gives a file input a file by the path that the runtime knows it by. */
  choose(selector: string, path: string): Promise<void>;
  title(): Promise<string>;
}

/** The connection URLs of a runtime. */
export interface ConnectionUrls {
  cdpUrl: string;
  playwrightUrl: string;
  webdriverUrl: string;
}

type Drive = (urls: ConnectionUrls, url: string) => Promise<Driven>;

/** Each library that people use, at the addresses of a runtime. */
export const DRIVERS: Record<string, Drive> = {
  puppeteer: async ({ cdpUrl }, url) => {
    const browser = await puppeteer.connect({ browserWSEndpoint: cdpUrl, defaultViewport: null });
    const [page] = await browser.pages();
    if (!page) throw new Error('there is no page');
    await page.goto(url);
    return {
      click: (selector) => page.click(selector),
      choose: async (selector, path) => {
        const input = await (await page.$(selector))?.toElement('input');
        if (!input) throw new Error('there is no such element');
        await input.uploadFile(path);
      },
      title: () => page.title(),
      [Symbol.asyncDispose]: () => browser.disconnect(),
    };
  },
  'Playwright over CDP': async ({ cdpUrl }, url) => {
    const browser = await chromium.connectOverCDP(cdpUrl);
    const page = browser.contexts()[0]?.pages()[0];
    if (!page) throw new Error('there is no page');
    return drivenByPlaywright(browser, page, url);
  },
  'Playwright by its own protocol': async ({ playwrightUrl }, url) => {
    const browser = await chromium.connect(playwrightUrl);
    return drivenByPlaywright(browser, await browser.newPage(), url);
  },
  selenium: async ({ webdriverUrl }, url) => {
    const driver = await attach(webdriverUrl);
    await driver.get(url);
    return {
      click: (selector) => driver.findElement(By.css(selector)).click(),
      choose: (selector, path) => driver.findElement(By.css(selector)).sendKeys(path),
      title: () => driver.getTitle(),
      [Symbol.asyncDispose]: () => driver.quit(),
    };
  },
};

/** Playwright's own `setInputFiles` reads files of the client's machine; a path of the browser's goes by CDP. */
async function drivenByPlaywright(
  browser: Browser,
  page: PlaywrightPage,
  url: string,
): Promise<Driven> {
  await page.goto(url);
  return {
    click: (selector) => page.click(selector),
    choose: async (selector, path) => {
      const cdp = await page.context().newCDPSession(page);
      const expression = `document.querySelector(${JSON.stringify(selector)})`;
      const { result } = await cdp.send('Runtime.evaluate', { expression });
      const { objectId } = result;
      if (objectId === undefined) throw new Error('there is no such element');
      await cdp.send('DOM.setFileInputFiles', { files: [path], objectId });
    },
    title: () => page.title(),
    [Symbol.asyncDispose]: () => browser.close(),
  };
}
