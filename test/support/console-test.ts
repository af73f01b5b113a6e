import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { openViewingBrowser } from './viewing-browser.ts';
import { test as base } from './test.ts';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The service launches a browser for some of what pages wait for. */
const WAIT_MS = 90_000;

/** What axe has to complain about; the live page has a test of its own. */
export async function violationsOf(page: Page): Promise<unknown> {
  await page.evaluate(axe);
  return page.evaluate(`axe.run(document, { iframes: false }).then(({ violations }) =>
    violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`);
}

/** The same in dark colors as well, and on a phone, where nothing may be wider than the screen. */
export async function violationsAnywhere(page: Page): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    found.push(await violationsOf(page));
  }
  const viewport = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  found.push(await violationsOf(page));
  found.push(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
  if (viewport) await page.setViewportSize(viewport);
  return found;
}

export const NO_VIOLATIONS = [[], [], [], 0];

/** Tests with a service, and a person who is signed in to its console. */
export const test = base
  .extend('viewing', { scope: 'file' }, async ({}, { onCleanup }) => {
    const browser = await openViewingBrowser();
    onCleanup(() => browser.close());
    return browser;
  })
  /** The address of the console, and what a browser keeps of whoever is signed in. */
  .extend('signedIn', { scope: 'file' }, async ({ service, viewing }) => {
    const address = `${service.url}/console`;
    const page = await viewing.newPage();
    await page.goto(address);
    await page.getByLabel('API key').fill(service.apiKey);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Runtimes', exact: true }).waitFor();
    const storageState = await page.context().storageState();
    await page.context().close();
    return { address, storageState };
  })
  /** Opens a page of the console. */
  .extend('open', async ({ viewing, signedIn }, { onCleanup }) => {
    const opened: Page[] = [];
    onCleanup(async () => {
      await Promise.all(opened.map((page) => page.context().close()));
    });
    return async (path: string, options: BrowserContextOptions = {}) => {
      const { address, storageState } = signedIn;
      const viewport = { width: 1280, height: 800 };
      const page = await viewing.newPage({ viewport, storageState, ...options });
      opened.push(page);
      page.setDefaultTimeout(WAIT_MS);
      await page.goto(address + path);
      return page;
    };
  });
