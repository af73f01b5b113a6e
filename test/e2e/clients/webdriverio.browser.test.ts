import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { remote } from 'webdriverio';
import { openSite } from '../../support/site.ts';
import { test } from '../../support/test.ts';
import { openFolder } from '../../support/folder.ts';

const PAGE = `<!doctype html><title>site</title>
<input id="name"><input type="file" id="file">
<button id="greet" onclick="said.textContent = 'Hello ' + document.getElementById('name').value">Greet</button>
<p id="said"></p><script>console.error('from the page')</script>`;

/** A session at a runtime's address, opened as users of webdriverio do. Ends with the test. */
async function open(address: string, capabilities: Record<string, unknown> = {}) {
  const { protocol, hostname, port, pathname } = new URL(address);
  const browser = await remote({
    protocol: protocol.slice(0, -1),
    hostname,
    port: Number(port),
    path: pathname,
    logLevel: 'silent',
    connectionRetryCount: 0,
    capabilities: { browserName: 'chrome', ...capabilities },
  });
  onTestFinished(() => browser.deleteSession({ shutdownDriver: false }).catch(() => undefined));
  return browser;
}

test('webdriverio drives a page, uploads a file, and reads what chromedriver logged', async ({
  workspace,
}) => {
  const { connection } = await workspace.create();
  const browser = await open(connection.webdriverUrl, {
    'goog:chromeOptions': {
      args: ['--headless=new', 'no-sandbox', '--disable-dev-shm-usage', '--window-size=900,700'],
      perfLoggingPrefs: { enableNetwork: true },
    },
    'goog:loggingPrefs': { browser: 'ALL', performance: 'ALL' },
  });
  const site = await openSite(PAGE);
  await browser.url(site);
  expect(await browser.getTitle()).toBe('site');
  expect(await browser.getWindowSize()).toEqual({ width: 900, height: 700 });
  await browser.$('#name').setValue('webdriverio');
  await browser.$('#greet').click();
  expect(await browser.$('#said').getText()).toBe('Hello webdriverio');
  expect(await browser.execute('return document.title + arguments[0]', '!')).toBe('site!');

  const file = join(await openFolder(), 'letter.txt');
  await writeFile(file, 'Dear page');
  await browser.$('#file').setValue(await browser.uploadFile(file));
  const content = 'return document.getElementById("file").files[0].text()';
  expect(await browser.execute(content)).toBe('Dear page');

  expect(await browser.getLogTypes()).toEqual(expect.arrayContaining(['browser', 'performance']));
  expect(JSON.stringify(await browser.getLogs('browser'))).toContain('from the page');
  expect(JSON.stringify(await browser.getLogs('performance'))).toContain(
    'Network.responseReceived',
  );
});

test('webdriverio reaches CDP by commands and by Puppeteer, and throttles the network', async ({
  workspace,
}) => {
  const { connection } = await workspace.create();
  const browser = await open(connection.webdriverUrl);
  await browser.url(await openSite(PAGE));
  const version = await browser.sendCommandAndGetResult('Browser.getVersion', {});
  expect(version).toMatchObject({ product: expect.stringMatching(/^(Headless)?Chrome\//) });
  const puppeteer = await browser.getPuppeteer();
  const pages = await puppeteer.pages();
  expect(await pages[0]?.title()).toBe('site');
  await browser.throttleNetwork('offline');
  await expect(browser.url(await openSite())).rejects.toThrow('ERR_INTERNET_DISCONNECTED');
  const { promise, resolve } = Promise.withResolvers<void>();
  puppeteer.once('disconnected', () => resolve());
  await browser.deleteSession({ shutdownDriver: false });
  await promise;
});

test('webdriverio gets an error that names what cannot be had, or the right address', async ({
  workspace,
}) => {
  const { connection } = await workspace.create();
  const mobile = { 'goog:chromeOptions': { mobileEmulation: { deviceName: 'Pixel 7' } } };
  await expect(open(connection.webdriverUrl, mobile)).rejects.toThrow(
    /goog:chromeOptions\.mobileEmulation cannot be had/,
  );
  const cdpUrl = connection.cdpUrl.replace('ws', 'http');
  await expect(open(cdpUrl)).rejects.toThrow(
    /This is the cdpUrl of a runtime.* take its webdriverUrl/,
  );
});
