import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { expect } from 'vitest';
import { openBidi, attach } from '../../support/selenium.ts';
import { test } from '../../support/test.ts';

const http = (url: string) => url.replace('ws:', 'http:');

test('a client at the address of another protocol gets an error that names the right one', async ({
  service,
  workspace,
}) => {
  const { connection } = await workspace.create();
  const { cdpUrl, playwrightUrl, webdriverUrl } = connection;
  await expect(chromium.connect(cdpUrl)).rejects.toThrow(
    'This is the cdpUrl of a runtime: chromium.connect() takes its playwrightUrl.',
  );
  const toCdp =
    'This is the playwrightUrl of a runtime: puppeteer.connect() and connectOverCDP() take its cdpUrl.';
  await expect(chromium.connectOverCDP(playwrightUrl)).rejects.toThrow(toCdp);
  await expect(puppeteer.connect({ browserWSEndpoint: playwrightUrl })).rejects.toThrow(toCdp);
  for (const [url, name] of [
    [cdpUrl, 'cdpUrl'],
    [playwrightUrl, 'playwrightUrl'],
  ]) {
    await expect(attach(http(url))).rejects.toThrow(
      `This is the ${name} of a runtime: Selenium and other clients of WebDriver take its webdriverUrl.`,
    );
  }
  const bidi = await openBidi(cdpUrl);
  expect(await bidi.send('session.status')).toMatchObject({
    type: 'error',
    error: 'unsupported operation',
    message: expect.stringContaining('its webdriverUrl'),
  });
  for (const [url, takers] of [
    [cdpUrl, 'puppeteer.connect() and connectOverCDP() take it.'],
    [playwrightUrl, 'chromium.connect() takes it.'],
    [webdriverUrl, 'Selenium and other clients of WebDriver take it.'],
  ]) {
    const shown = await fetch(http(url), { headers: { accept: 'text/html' } });
    expect([shown.status, await shown.text()]).toEqual([400, expect.stringContaining(takers)]);
  }
  const atRoot = await fetch(`${service.url}/json/version`);
  expect([atRoot.status, await atRoot.text()]).toEqual([404, expect.stringContaining('cdpUrl')]);
});
