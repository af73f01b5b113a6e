import puppeteer from 'puppeteer-core';
import { expect, onTestFinished } from 'vitest';
import { openSite } from '../../support/site.ts';
import { test } from '../../support/test.ts';

test('Puppeteer opens a page, types, clicks and reads back', async ({ workspace }) => {
  const { connection } = await workspace.create({ driver: 'puppeteer' });
  const browser = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  onTestFinished(() => browser.disconnect());
  const page = await browser.newPage();
  await page.goto(await openSite());
  await page.type('#name', 'Puppeteer');
  await page.click('#greet');
  expect(await page.$eval('#said', (element) => element.textContent)).toBe('Hello Puppeteer');
});

test('Puppeteer connects by the http form of the address', async ({ service, workspace }) => {
  const { id, connection, summary } = await workspace.create();
  expect(summary.currentDriver).toBe('playwright');
  const browserURL = connection.cdpUrl.replace('ws:', 'http:');
  const browser = await puppeteer.connect({ browserURL, defaultViewport: null });
  onTestFinished(() => browser.disconnect());
  const [page] = await browser.pages();
  expect(await page?.evaluate('6 * 7')).toBe(42);
  const ids = browser.targets().map((target) => Reflect.get(target, '_targetId'));
  expect(ids).toContain(summary.defaultPageId);
  const { json } = await service.call('GET', `${workspace.runtimes}/${id}`);
  expect(json.summary.currentDriver).toBe('puppeteer');
});

test('Puppeteer can connect with the API key, at the path of the runtime', async ({
  service,
  workspace,
}) => {
  const { alias } = await workspace.create();
  const browser = await puppeteer.connect({
    browserWSEndpoint: `${service.url.replace('http', 'ws')}${workspace.runtimes}/${alias}/cdp`,
    headers: { authorization: `Bearer ${service.apiKey}` },
  });
  onTestFinished(() => browser.disconnect());
  expect(await browser.version()).toMatch(/Chrome/);
});

test('closing the browser ends the runtime, and disconnecting does not', async ({
  service,
  workspace,
}) => {
  const { id, connection } = await workspace.create();
  const status = async () => (await service.call('GET', `${workspace.runtimes}/${id}`)).json;
  const first = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  await first.disconnect();
  expect(await status()).toMatchObject({ status: 'active', summary: { browserRunning: true } });
  const second = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  await second.close();
  await expect.poll(status).toMatchObject({ status: 'stopped', stopReason: 'closed_by_client' });
});
