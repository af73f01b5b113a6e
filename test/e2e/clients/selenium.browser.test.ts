import { once } from 'node:events';
import { By } from 'selenium-webdriver';
import { expect, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { processesOf, sendSignal } from '../../support/processes.ts';
import { attach } from '../../support/selenium.ts';
import { openTestService } from '../../support/service.ts';
import { openSite } from '../../support/site.ts';
import { createWorkspace, test } from '../../support/test.ts';

test('Selenium opens a page, types, clicks and reads back', async ({ service, workspace }) => {
  const { id, connection } = await workspace.create({ driver: 'puppeteer' });
  const driver = await attach(connection.webdriverUrl, {
    'goog:chromeOptions': { args: ['--headless', '--no-sandbox'] },
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

test('Selenium cannot reach a local address either', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const driver = await attach(connection.webdriverUrl);
  onTestFinished(() => driver.quit());
  await driver.get('file:///etc/passwd').catch(() => undefined);
  expect(await driver.getPageSource()).not.toContain('root:');
});

test('a session for another browser than Chromium is refused with a reason', async ({
  workspace,
}) => {
  const { connection } = await workspace.create();
  await expect(attach(connection.webdriverUrl, { browserName: 'firefox' })).rejects.toThrow(
    'This runtime is a Chromium, not firefox.',
  );
});

test('a client can create only sessions that attach, and send only commands of clients', async ({
  workspace,
}) => {
  const { connection } = await workspace.create();
  const send = async (method: string, path: string, body?: object) => {
    const url = connection.webdriverUrl + path;
    const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
    return { status: response.status, text: await response.text() };
  };
  const capabilities = { alwaysMatch: { 'goog:chromeOptions': { binary: '/bin/true' } } };
  for (const path of [
    '/session/',
    '//session',
    '/session%2f',
    '/wd/hub/session',
    '/x/../session/',
  ]) {
    expect(await send('POST', path, { capabilities }), path).toMatchObject({ status: 404 });
  }
  expect(await send('GET', '/shutdown')).toMatchObject({ status: 404 });

  const named = await send('POST', '/session', { capabilities });
  expect(named).toMatchObject({ status: 500, text: expect.stringContaining('binary cannot be') });
  const made = JSON.parse((await send('POST', '/session', { capabilities: {} })).text).value;
  const session = `/session/${made.sessionId}`;
  const cdp = (cmd: string, params = {}) =>
    send('POST', `${session}/goog/cdp/execute`, { cmd, params });
  expect(await cdp('Browser.getVersion')).toMatchObject({ status: 200 });
  for (const cmd of ['SystemInfo.getInfo', 'Target.exposeDevToolsProtocol']) {
    const refused = await cdp(cmd, { targetId: 't' });
    expect(refused.status).toBe(400);
    expect(JSON.parse(refused.text).value.message).toContain(`${cmd} is not allowed`);
  }
});

test('JSON that only chromedriver would accept is refused', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const driver = await attach(connection.webdriverUrl, { webSocketUrl: true });
  onTestFinished(() => driver.quit());
  const socket = new WebSocket((await driver.getCapabilities()).get('webSocketUrl'));
  await once(socket, 'open');
  const params = { context: 'c', element: { sharedId: 'e' }, files: ['/etc/passwd'] };
  const command = JSON.stringify({ id: 5, method: 'input.setFiles', params });
  socket.send(`${command.slice(0, -1)}/**/}`);
  const [answer] = await once(socket, 'message');
  expect(JSON.parse(String(answer))).toMatchObject({ type: 'error', error: 'invalid argument' });
  const id = (await driver.getSession()).getId();
  const sent = await fetch(`${connection.webdriverUrl}/session/${id}/goog/cdp/execute`, {
    method: 'POST',
    body: '{"cmd":"SystemInfo.getInfo","params":{}/**/}',
  });
  expect(sent.status).toBe(400);
});

test('a session does not count once its driver or its last window is gone', async ({
  service,
  workspace,
}) => {
  const { id, connection } = await workspace.create();
  const attached = async () => {
    const { json } = await service.call('GET', `${workspace.runtimes}/${id}/connections`);
    const own = json.connections.find((one: { protocol: string }) => one.protocol === 'webdriver');
    return own.attachedClients;
  };
  const driver = await attach(connection.webdriverUrl);
  expect(await attached()).toBe(1);
  const [main] = (await processesOf(service.browserRoot)).filter(({ command }) =>
    /^[^\0]*chromedriver\0/.test(command),
  );
  sendSignal(main?.pid, 'SIGKILL');
  await expect(driver.getTitle()).rejects.toThrow('chromedriver went away');
  expect(await attached()).toBe(0);
  const again = await attach(connection.webdriverUrl);
  expect(await attached()).toBe(1);
  await again.close();
  expect(await attached()).toBe(0);
});

test('only WebDriver is unavailable when there is no chromedriver', async () => {
  await using service = await openTestService({ executables: { chromedriverPath: undefined } });
  const workspace = await createWorkspace(service);
  const { connection } = await workspace.create();
  await expect(attach(connection.webdriverUrl)).rejects.toThrow(/has no chromedriver/);
  const version = await fetch(`${connection.cdpUrl.replace('ws', 'http')}/json/version`);
  expect(version.status).toBe(200);
});
