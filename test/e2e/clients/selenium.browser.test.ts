import { Builder, By, type WebDriver } from 'selenium-webdriver';
import { expect, onTestFinished } from 'vitest';
import { openTestService } from '../../support/service.ts';
import { openSite } from '../../support/site.ts';
import { createWorkspace, test } from '../../support/test.ts';

async function attach(url: string, capabilities = {}): Promise<WebDriver> {
  const driver = await new Builder()
    .usingServer(url)
    .forBrowser('chrome')
    .withCapabilities({ browserName: 'chrome', ...capabilities })
    .build();
  return driver;
}

test('selenium opens a page, types, clicks and reads back', async ({ service, workspace }) => {
  const { id, connection } = await workspace.create({ driver: 'puppeteer' });
  const driver = await attach(connection.webdriverUrl, {
    'goog:chromeOptions': { args: ['--headless', '--user-data-dir=/tmp/other'] },
  });
  await driver.switchTo().newWindow('tab');
  await driver.get(await openSite());
  await driver.findElement(By.id('name')).sendKeys('Selenium');
  await driver.findElement(By.id('greet')).click();
  expect(await driver.findElement(By.id('said')).getText()).toBe('Hello Selenium');
  const path = `${workspace.runtimes}/${id}`;
  expect((await service.call('GET', path)).json.summary.currentDriver).toBe('selenium');
  const attached = await service.call('GET', `${path}/connections`);
  expect(attached.json.connections).toContainEqual(
    expect.objectContaining({ protocol: 'webdriver', attachedClients: 1 }),
  );

  await driver.quit();
  expect((await service.call('GET', path)).json.summary.browserRunning).toBe(true);
  const left = await service.call('GET', `${path}/connections`);
  expect(left.json.connections).toContainEqual(
    expect.objectContaining({ protocol: 'webdriver', attachedClients: 0 }),
  );
});

test('selenium gets WebDriver BiDi on our own address', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const driver = await attach(connection.webdriverUrl, { webSocketUrl: true });
  onTestFinished(() => driver.quit());
  const url = (await driver.getCapabilities()).get('webSocketUrl');
  expect(url.startsWith(connection.webdriverUrl.replace('http', 'ws'))).toBe(true);
  const bidi = await driver.getBidi();
  const tree = await bidi.send({ method: 'browsingContext.getTree', params: {} });
  expect(tree).toMatchObject({ result: { contexts: [{ url: 'about:blank' }] } });
});

test('a local address is closed to selenium too', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const driver = await attach(connection.webdriverUrl);
  onTestFinished(() => driver.quit());
  await driver.get('file:///etc/passwd').catch(() => undefined);
  expect(await driver.getPageSource()).not.toContain('root:');
});

test('another browser cannot be had, and that is said', async ({ workspace }) => {
  const { connection } = await workspace.create();
  await expect(attach(connection.webdriverUrl, { browserName: 'firefox' })).rejects.toThrow(
    'This runtime is a Chromium, not firefox.',
  );
});

test('without a chromedriver only WebDriver is unavailable', async () => {
  await using service = await openTestService({ chromedriverPath: '' });
  const workspace = await createWorkspace(service);
  const { connection } = await workspace.create();
  await expect(attach(connection.webdriverUrl)).rejects.toThrow(/has no chromedriver/);
  const version = await fetch(`${connection.cdpUrl.replace('ws', 'http')}/json/version`);
  expect(version.status).toBe(200);
});
