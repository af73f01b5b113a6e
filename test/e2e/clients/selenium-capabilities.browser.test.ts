import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { Builder, logging } from 'selenium-webdriver';
import { Options } from 'selenium-webdriver/chrome.js';
import { expect, onTestFinished } from 'vitest';
import { z } from 'zod';
import { attach } from '../../support/selenium.ts';
import { openSite } from '../../support/site.ts';
import { test } from '../../support/test.ts';

const LOUD = '<!doctype html><title>loud</title><script>console.error("from the page")</script>';

const Session = z.object({
  value: z.object({
    sessionId: z.string(),
    capabilities: z.looseObject({
      'goog:chromeOptions': z.object({ debuggerAddress: z.string() }),
      'se:cdp': z.string(),
      'se:cdpVersion': z.string(),
    }),
  }),
});

/** Creates a session as a client of WebDriver does, with headers that few clients can set. */
async function newSession(url: string, capabilities = {}, headers = {}) {
  const body = JSON.stringify({ capabilities });
  const response = await fetch(`${url}/session`, { method: 'POST', body, headers });
  return { status: response.status, json: await response.json() };
}

/** A session with options of Chrome, as the users of Selenium set them. */
function attachWith(url: string, options: Options) {
  return new Builder().usingServer(url).forBrowser('chrome').setChromeOptions(options).build();
}

test('Selenium gets the logs and the window that it asked for', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const preferences = new logging.Preferences();
  preferences.setLevel(logging.Type.BROWSER, logging.Level.ALL);
  preferences.setLevel(logging.Type.PERFORMANCE, logging.Level.ALL);
  const options = new Options();
  options.addArguments('--headless=new', '--no-sandbox', '--disable-gpu', 'window-size=700,500');
  options.excludeSwitches('enable-automation');
  options.setUserPreferences({ 'download.default_directory': '/home/me' });
  options.set('goog:chromeOptions', {
    ...options.get('goog:chromeOptions'),
    perfLoggingPrefs: { traceCategories: 'devtools.timeline' },
  });
  options.setLoggingPrefs(preferences);
  const driver = await attachWith(connection.webdriverUrl, options);
  onTestFinished(() => driver.quit());
  const { width, height } = await driver.manage().window().getRect();
  expect({ width, height }).toEqual({ width: 700, height: 500 });
  await driver.get(await openSite(LOUD));
  const texts = async (type: string) =>
    (await driver.manage().logs().get(type)).map(({ message }) => message).join('\n');
  expect(await texts(logging.Type.BROWSER)).toContain('from the page');
  const performance = await texts(logging.Type.PERFORMANCE);
  expect(performance).toContain('Network.responseReceived');
  expect(performance).toContain('Tracing.dataCollected');
});

test('Selenium gets an error that names the capability that cannot be had', async ({
  workspace,
}) => {
  const { connection } = await workspace.create();
  const options = new Options();
  options.addArguments('--user-agent=mine', '--lang=fr', '--window-size=large');
  options.setMobileEmulation({ deviceName: 'Pixel 7' });
  const refused = await attachWith(connection.webdriverUrl, options).then(String, String);
  expect(refused).toContain('SessionNotCreatedError');
  for (const name of ['args: --user-agent', 'args: --lang', 'args: --window-size takes']) {
    expect(refused).toContain(`goog:chromeOptions.${name}`);
  }
  expect(refused).toContain('goog:chromeOptions.mobileEmulation cannot be had');
  const others = { browserVersion: '12', proxy: { proxyType: 'direct' }, 'cloud:options': {} };
  const other = await attach(connection.webdriverUrl, others).then(String, String);
  for (const name of ['browserVersion', 'proxy', 'cloud:options']) {
    expect(other).toContain(`${name}: `);
  }
  const level = { 'goog:loggingPrefs': { browser: 'LOUD' } };
  await expect(attach(connection.webdriverUrl, level)).rejects.toThrow(/goog:loggingPrefs/);
});

test('a session has the first entry of firstMatch that can be had', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const firstMatch = [{ browserName: 'firefox' }, { browserName: 'chrome', browserVersion: '156' }];
  const { json } = await newSession(connection.webdriverUrl, { firstMatch });
  expect(Session.parse(json).value.capabilities).toMatchObject({ browserName: 'chrome' });
  const none = await newSession(connection.webdriverUrl, { firstMatch: firstMatch.slice(0, 1) });
  expect(none).toMatchObject({
    status: 500,
    json: { value: { error: 'session not created', stacktrace: '' } },
  });
});

test('Selenium speaks CDP at the address that its session returns', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const driver = await attach(connection.webdriverUrl);
  onTestFinished(() => driver.quit().catch(() => undefined));
  await driver.get(await openSite(LOUD));
  const cdp = await driver.createCDPConnection('page');
  const { result } = await cdp.send('Runtime.evaluate', { expression: 'document.title' });
  expect(result.result.value).toBe('loud');
  const refused = await cdp.send('SystemInfo.getInfo', {});
  expect(JSON.stringify(refused)).toContain('SystemInfo.getInfo is not allowed');

  // Selenium in Java and Python, and others, build this from the address without a scheme.
  const { debuggerAddress } = (await driver.getCapabilities()).get('goog:chromeOptions');
  const byAddress = await puppeteer.connect({ browserURL: `http://${debuggerAddress}` });
  expect(await byAddress.pages()).toHaveLength(1);
  const gone = new Promise((resolve) => byAddress.once('disconnected', resolve));
  await driver.quit();
  await gone;
  const after = await fetch(`http://${debuggerAddress}/json/version`);
  expect(await after.json()).toMatchObject({ value: { error: 'invalid session id' } });
});

test('the addresses of a session let nobody in once its connection is revoked', async ({
  service,
  workspace,
}) => {
  const { id, connection } = await workspace.create();
  const path = `${workspace.runtimes}/${id}/connections`;
  const made = await service.call('POST', path, { protocol: 'webdriver' });
  const { value } = Session.parse((await newSession(made.json.url)).json);
  const { 'se:cdp': cdp, 'goog:chromeOptions': options } = value.capabilities;
  // Another connection of the runtime does not lead to the session.
  const other = `${connection.webdriverUrl}/session/${value.sessionId}/se/cdp/json/version`;
  expect((await fetch(other)).status).toBe(404);
  const browser = await puppeteer.connect({ browserWSEndpoint: cdp });
  const gone = new Promise((resolve) => browser.once('disconnected', resolve));
  await service.call('DELETE', `${path}/${made.json.id}`);
  await gone;
  await expect(puppeteer.connect({ browserWSEndpoint: cdp })).rejects.toThrow('410');
  expect((await fetch(`http://${options.debuggerAddress}/json/version`)).status).toBe(410);
  const command = await fetch(`${made.json.url}/session/${value.sessionId}/title`);
  expect(await command.json()).toMatchObject({
    value: { message: 'This connection was revoked.' },
  });
});

test('Selenium gets an error when its runtime has stopped, and can still quit', async ({
  workspace,
}) => {
  const { id, connection } = await workspace.create();
  const driver = await attach(connection.webdriverUrl);
  await workspace.stop(id);
  await expect(driver.getTitle()).rejects.toThrow('The runtime was stopped');
  await driver.quit();
});

test('a session goes on when the ticket that opened it expires', async ({ service, workspace }) => {
  const { id, connection } = await workspace.create();
  const first = await attach(connection.webdriverUrl);
  const asked = { protocol: 'webdriver', ttlSeconds: 5 };
  const made = await service.call('POST', `${workspace.runtimes}/${id}/connections`, asked);
  const driver = await attach(made.json.url);
  const status = async () => (await fetch(`${made.json.url}/status`)).status;
  await expect.poll(status, { timeout: 30_000 }).toBe(401);
  await driver.get(await openSite(LOUD));
  expect(await driver.getTitle()).toBe('loud');
  expect(await newSession(made.json.url)).toMatchObject({ status: 401 });
  const other = (await first.getSession()).getId();
  expect((await fetch(`${made.json.url}/session/${other}/title`)).status).toBe(401);
  await driver.quit();
  await first.quit();
});

test('a session that was created with an API key returns addresses that need none', async ({
  service,
  workspace,
}) => {
  const { id } = await workspace.create();
  const url = `${service.url}${workspace.runtimes}/${id}/webdriver`;
  const headers = { authorization: `Bearer ${service.apiKey}` };
  const { json } = await newSession(url, {}, headers);
  const { capabilities } = Session.parse(json).value;
  expect(capabilities['se:cdp']).not.toContain(service.apiKey);
  const browser = await puppeteer.connect({ browserWSEndpoint: capabilities['se:cdp'] });
  expect(await browser.version()).toContain(capabilities['se:cdpVersion'].split('.')[0]);
  await browser.disconnect();
});

test('a client of another protocol gets an error that names the right address', async ({
  workspace,
}) => {
  const { connection } = await workspace.create();
  const sentence =
    /webdriverUrl, which Selenium and webdriverio take.*connectOverCDP take its cdpUrl/;
  const socket = connection.webdriverUrl.replace('http', 'ws');
  await expect(chromium.connectOverCDP(socket)).rejects.toThrow(sentence);
  await expect(chromium.connect(socket)).rejects.toThrow(sentence);
});
