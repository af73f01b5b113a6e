import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { Builder } from 'selenium-webdriver';
import { expect } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { processesOf } from '../../support/processes.ts';
import { openSite } from '../../support/site.ts';
import { testWithoutWarm as test } from '../../support/test.ts';

test('a runtime that every library drove leaves no process behind', async ({
  service,
  workspace,
}) => {
  const { id, connection } = await workspace.create();
  const site = await openSite();
  const byPuppeteer = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  await (await byPuppeteer.newPage()).goto(site);
  const overCdp = await chromium.connectOverCDP(connection.cdpUrl);
  await (await overCdp.contexts()[0]?.newPage())?.goto(site);
  const byPlaywright = await chromium.connect(connection.playwrightUrl);
  await (await byPlaywright.contexts()[0]?.newPage())?.goto(site);
  const driver = await new Builder()
    .usingServer(connection.webdriverUrl)
    .forBrowser('chrome')
    .build();
  await driver.get(site);
  // All clients are still attached: three have a tab of their own, and Selenium the default page.
  expect(await driver.getAllWindowHandles()).toHaveLength(4);
  expect((await processesOf(service.browserRoot)).length).toBeGreaterThan(5);

  await workspace.stop(id);
  await eventually(async () => expect(await processesOf(service.browserRoot)).toEqual([]));
});
