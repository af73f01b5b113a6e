import type { BrowserContextOptions } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { onTestFinished } from 'vitest';
import { InputPage, openInputSite } from './input-site.ts';
import { LivePage } from './live-page.ts';
import { openViewingBrowser } from './viewing-browser.ts';
import { openTestService, type TestServiceOptions } from './service.ts';
import { createWorkspace, testOf } from './test.ts';
import { embed } from './viewer.ts';

export const INTERACTIVE = { interactive: true };

/** Tests with one runtime and one browser of a person for their file; each test has live pages of its own. */
export function liveTest(settings: TestServiceOptions = {}) {
  return (
    testOf(() => openTestService(settings))
      .extend('viewing', { scope: 'file' }, async ({}, { onCleanup }) => {
        const browser = await openViewingBrowser();
        onCleanup(() => browser.close());
        return browser;
      })
      .extend('site', { scope: 'file' }, async ({}, { onCleanup }) => {
        const site = await openInputSite();
        onCleanup(() => site[Symbol.asyncDispose]());
        return site;
      })
      .extend('runtime', { scope: 'file' }, async ({ service }, { onCleanup }) => {
        const workspace = await createWorkspace(service);
        const { id, connection } = await workspace.create();
        const browser = await puppeteer.connect({
          browserWSEndpoint: connection.cdpUrl,
          defaultViewport: null,
        });
        onCleanup(() => browser.disconnect());
        const [page] = await browser.pages();
        if (!page) throw new Error('there is no page');
        return { path: `${workspace.runtimes}/${id}`, connection, browser, page };
      })
      /** Opens the live page of the runtime. */
      .extend('open', async ({ service, viewing, runtime }) => {
        return async (
          view: Record<string, unknown> = INTERACTIVE,
          options: BrowserContextOptions = {},
          port?: number,
        ) => {
          const { iframeUrl } = await embed(service, runtime.path, view);
          const address = new URL(iframeUrl);
          if (port !== undefined) address.port = String(port);
          const live = await LivePage.open(viewing, address.href, runtime.page, options);
          onTestFinished(() => live[Symbol.asyncDispose]());
          return live.shows();
        };
      })
      /** The page that notes input, as new, and somebody who sees it. */
      .extend('seen', async ({ runtime, site, open }) => {
        const input = await InputPage.load(runtime.page, site);
        return { input, live: await open() };
      })
  );
}
