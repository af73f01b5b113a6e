import type { Browser as PlaywrightBrowser } from 'playwright-core';
import type { Browser as PuppeteerBrowser } from 'puppeteer-core';
import type { WebDriver } from 'selenium-webdriver';

/** Connects Puppeteer to a browser. */
export async function connectPuppeteer(cdpUrl: string): Promise<PuppeteerBrowser> {
  const { default: puppeteer } = await library('puppeteer-core', () => import('puppeteer-core'));
  return puppeteer.connect({ browserWSEndpoint: cdpUrl, defaultViewport: null });
}

/** Connects Playwright to a browser by CDP, which any version of it can. */
export async function connectPlaywright(cdpUrl: string): Promise<PlaywrightBrowser> {
  const { chromium } = await library('playwright-core', () => import('playwright-core'));
  return chromium.connectOverCDP(cdpUrl);
}

/** Begins a session of Selenium in a browser. */
export async function connectSelenium(webdriverUrl: string): Promise<WebDriver> {
  const { Builder } = await library('selenium-webdriver', () => import('selenium-webdriver'));
  return new Builder().usingServer(webdriverUrl).forBrowser('chrome').build();
}

/** Every driver is optional: whoever uses one installs it. */
async function library<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new Error(`This takes the package ${name}: npm install ${name}`, { cause });
  }
}
