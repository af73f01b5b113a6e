import { once } from 'node:events';
import { glob } from 'node:fs/promises';
import { createServer } from 'node:http';
import { By, until, type WebDriver } from 'selenium-webdriver';
import getLogInspector from 'selenium-webdriver/bidi/logInspector.js';
import { expect, onTestFinished } from 'vitest';
import { openCdp, refusalOf } from '../../support/cdp.ts';
import { processesOf, sendSignal } from '../../support/processes.ts';
import { attach, attachBidi, openBidi, type BidiClient } from '../../support/selenium.ts';
import { openSite } from '../../support/site.ts';
import { test } from '../../support/test.ts';

const FOUND = { functionDeclaration: '(element) => element.id', awaitPromise: false };

async function idOf(driver: WebDriver): Promise<string> {
  return (await driver.getSession()).getId();
}

async function eventOf({ events }: BidiClient, method: string) {
  await expect.poll(() => events.some((event) => event.method === method)).toBe(true);
  return events.find((event) => event.method === method);
}

test("Selenium gets WebDriver BiDi at the service's own address", async ({ workspace }) => {
  const { connection } = await workspace.create();
  const { driver, bidiUrl } = await attachBidi(connection.webdriverUrl);
  const base = connection.webdriverUrl.replace('http', 'ws');
  expect(bidiUrl).toBe(`${base}/session/${await idOf(driver)}`);
  const bidi = await driver.getBidi();
  const tree = await bidi.send({ method: 'browsingContext.getTree', params: {} });
  expect(tree).toMatchObject({ result: { contexts: [{ url: 'about:blank' }] } });
});

test('Selenium hears what a page logs, and evaluates in it', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const driver = await attach(connection.webdriverUrl, { webSocketUrl: true });
  onTestFinished(() => driver.quit());
  await driver.get(await openSite('<script>console.log("before the socket")</script>'));
  const logs = await getLogInspector(driver);
  const heard: (string | null)[] = [];
  await logs.onConsoleEntry(({ text }) => void heard.push(text));
  const bidi = await driver.getBidi();
  const evaluated = await bidi.send({
    method: 'script.evaluate',
    params: {
      expression: 'console.log("now"), Promise.resolve(6 * 7)',
      awaitPromise: true,
      target: { context: await driver.getWindowHandle() },
    },
  });
  expect(evaluated).toMatchObject({ result: { result: { type: 'number', value: 42 } } });
  await expect.poll(() => heard).toContain('now');
});

test('an element and a window are the same in both protocols', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const { driver, bidi } = await attachBidi(connection.webdriverUrl);
  await driver.switchTo().newWindow('tab');
  await driver.get(await openSite());
  const context = await driver.getWindowHandle();
  const { result } = await bidi.send('browsingContext.getTree');
  const contexts = result.contexts.map((one: { context: string }) => one.context);
  expect(contexts.toSorted()).toEqual((await driver.getAllWindowHandles()).toSorted());

  const classic = await driver.findElement(By.id('greet'));
  const sharedId = await classic.getId();
  const called = await bidi.send('script.callFunction', {
    ...FOUND,
    target: { context },
    arguments: [{ sharedId }],
  });
  expect(called).toMatchObject({ result: { result: { type: 'string', value: 'greet' } } });

  const locator = { type: 'css', value: '#name' };
  const located = await bidi.send('browsingContext.locateNodes', { context, locator });
  const [node] = located.result.nodes;
  const key = 'element-6066-11e4-a52e-4f735466cecf';
  const script = 'return arguments[0].id';
  expect(await driver.executeScript(script, { [key]: node.sharedId })).toBe('name');
});

test('a client answers a request in place of the site', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const { driver, bidi } = await attachBidi(connection.webdriverUrl);
  const url = await openSite('the site');
  await bidi.send('network.addIntercept', {
    phases: ['beforeRequestSent'],
    urlPatterns: [{ type: 'string', pattern: url }],
  });
  await bidi.send('session.subscribe', { events: ['network.beforeRequestSent'] });
  const loading = driver.get(url);
  const { params } = await eventOf(bidi, 'network.beforeRequestSent');
  expect(params.isBlocked).toBe(true);
  await bidi.send('network.provideResponse', {
    request: params.request.request,
    statusCode: 200,
    headers: [{ name: 'content-type', value: { type: 'string', value: 'text/html' } }],
    body: { type: 'string', value: 'the client' },
  });
  await loading;
  expect(await driver.getPageSource()).toContain('the client');
});

test('a user context cannot have a proxy of its own', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const { bidi } = await attachBidi(connection.webdriverUrl);
  const proxy = { proxyType: 'manual', httpProxy: '127.0.0.1:9' };
  expect(await bidi.send('browser.createUserContext', { proxy })).toMatchObject({
    error: 'unsupported operation',
    message:
      "browser.createUserContext is not allowed with a proxy: the runtime's is for all its contexts.",
  });
  const { result } = await bidi.send('browser.createUserContext');
  const { userContext } = result;
  const opened = await bidi.send('browsingContext.create', { type: 'tab', userContext });
  expect(opened).toMatchObject({ type: 'success', result: { userContext } });
});

test('no page of the browser speaks for BiDi', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const { driver, bidi } = await attachBidi(connection.webdriverUrl);
  const { result } = await bidi.send('browsingContext.getTree');
  const [page] = await driver.getAllWindowHandles();
  expect(result.contexts).toMatchObject([{ context: page }]);
  expect(await driver.getAllWindowHandles()).toHaveLength(1);

  const list = await fetch(`${connection.cdpUrl.replace('ws', 'http')}/json/list`);
  expect(await list.json()).toMatchObject([{ id: page, type: 'page' }]);
  using cdp = await openCdp(connection.cdpUrl);
  const filter = [{}];
  const { targetInfos } = (await cdp.send('Target.getTargets', { filter })) as {
    targetInfos: { targetId: string; type: string; url: string }[];
  };
  const pages = targetInfos.filter(({ type }) => type !== 'browser' && type !== 'tab');
  expect(pages).toMatchObject([{ targetId: page, type: 'page', url: 'about:blank' }]);
  const { sessionId } = await cdp.send('Target.attachToTarget', { targetId: page, flatten: true });
  const channels =
    '["cdp", "sendBidiResponse", "runMapperInstance"].filter((name) => name in self)';
  const evaluated = await cdp.send(
    'Runtime.evaluate',
    { expression: channels, returnByValue: true },
    String(sessionId),
  );
  expect(evaluated).toMatchObject({ result: { value: [] } });
  await expect(
    cdp.send('Target.exposeDevToolsProtocol', { targetId: page, bindingName: 'cdp' }),
  ).rejects.toThrow('Target.exposeDevToolsProtocol is not allowed');
});

test('two sockets of a session each hear the events that they subscribed to', async ({
  workspace,
}) => {
  const { connection } = await workspace.create();
  const { driver, bidi, bidiUrl } = await attachBidi(connection.webdriverUrl);
  const other = await openBidi(bidiUrl);
  await bidi.send('session.subscribe', { events: ['browsingContext.load'] });
  await other.send('session.subscribe', { events: ['log.entryAdded'] });
  await driver.get(await openSite('<script>console.log("hello")</script>'));
  await eventOf(bidi, 'browsingContext.load');
  expect((await eventOf(other, 'log.entryAdded')).params.text).toBe('hello');
  expect(bidi.events.every(({ method }) => method === 'browsingContext.load')).toBe(true);
  other.socket.terminate();
  expect(await bidi.send('session.status')).toMatchObject({ type: 'success' });
});

test('session.end ends the session of both protocols', async ({ service, workspace }) => {
  const { id, connection } = await workspace.create();
  const { driver, bidi, bidiUrl } = await attachBidi(connection.webdriverUrl);
  const other = await openBidi(bidiUrl);
  const closed = Promise.all([bidi, other].map(({ socket }) => once(socket, 'close')));
  expect(await bidi.send('session.end')).toMatchObject({ type: 'success', result: {} });
  await closed;
  await expect(driver.getTitle()).rejects.toThrow(/invalid session id/);
  expect(await refusalOf(bidiUrl)).toMatchObject({ status: 404 });
  const { json } = await service.call('GET', `${workspace.runtimes}/${id}`);
  expect(json.summary.browserRunning).toBe(true);
});

test('a socket is closed when its session quits or closes its last window', async ({
  workspace,
}) => {
  const { connection } = await workspace.create();
  for (const end of [(driver: WebDriver) => driver.quit(), (driver: WebDriver) => driver.close()]) {
    const { driver, bidi, bidiUrl } = await attachBidi(connection.webdriverUrl);
    const closed = once(bidi.socket, 'close');
    await end(driver);
    expect(String((await closed)[1])).toBe('The session is over.');
    expect(await refusalOf(bidiUrl)).toMatchObject({ status: 404 });
  }
});

test('only a session that asked for BiDi gets it', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const driver = await attach(connection.webdriverUrl);
  onTestFinished(() => driver.quit());
  expect((await driver.getCapabilities()).get('webSocketUrl')).toBeUndefined();
  const base = connection.webdriverUrl.replace('http', 'ws');
  for (const path of [`/session/${await idOf(driver)}`, '/session', '/session/other', '']) {
    expect(await refusalOf(base + path), path).toMatchObject({ status: 404 });
  }
});

test('an unknown command or parameter is refused by its name', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const { bidi } = await attachBidi(connection.webdriverUrl);
  expect(await bidi.send('browsingContext.setBypassCSP', { bypass: true })).toMatchObject({
    error: 'unsupported operation',
    message: 'browsingContext.setBypassCSP is not allowed.',
  });
  expect(await bidi.send('browsingContext.getTree', { depth: 1 })).toMatchObject({
    error: 'invalid argument',
    message: 'browsingContext.getTree does not take the parameter depth.',
  });
  expect(await bidi.send('session.new', { capabilities: {} })).toMatchObject({
    error: 'session not created',
  });
});

test('a BiDi client reaches no more of the machine than other clients', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const { driver, bidi } = await attachBidi(connection.webdriverUrl);
  const context = await driver.getWindowHandle();
  for (const [method, params] of [
    ['goog:cdp.sendCommand', { method: 'SystemInfo.getInfo' }],
    ['webExtension.install', { extensionData: { type: 'path', path: '/etc' } }],
    ['input.setFiles', { context, element: { sharedId: 'e' }, files: ['/etc/passwd'] }],
    ['browsingContext.navigate', { context, url: 'file:///etc/passwd' }],
    ['browsingContext.navigate', { context, url: 'view-source:chrome://version' }],
  ] as const) {
    const answer = await bidi.send(method, params);
    expect(answer).toMatchObject({ type: 'error', error: 'unsupported operation' });
    expect(answer.message).toContain('not allowed');
  }
  await bidi.send('script.evaluate', {
    expression: 'location.href = "file:///etc/passwd"',
    awaitPromise: false,
    target: { context },
  });
  expect(await driver.getPageSource()).not.toContain('root:');
});

test("downloads are kept among the runtime's files", async ({ service, workspace }) => {
  const { connection } = await workspace.create();
  const { driver, bidi } = await attachBidi(connection.webdriverUrl);
  const downloadBehavior = { type: 'allowed', destinationFolder: '/tmp/of-the-client' };
  expect(await bidi.send('browser.setDownloadBehavior', { downloadBehavior })).toMatchObject({
    type: 'success',
  });
  await bidi.send('session.subscribe', { events: ['browsingContext.downloadEnd'] });
  await driver.get(await openSite('<a id="file" download="a.txt" href="data:,hello">a</a>'));
  await driver.findElement(By.id('file')).click();
  const { params } = await eventOf(bidi, 'browsingContext.downloadEnd');
  expect(params.status).toBe('complete');
  expect(params.filepath).toBe('a.txt');
  const kept = await Array.fromAsync(glob('files/*/downloads/a.txt', { cwd: service.dataDir }));
  expect(kept).toHaveLength(1);
});

test('a page that never finishes loading does not hold up BiDi', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const slow = createServer((request, response) => {
    if (request.url === '/') response.end('<title>slow</title><img src="/never">');
  });
  slow.listen(0, '127.0.0.1');
  await once(slow, 'listening');
  onTestFinished(() => {
    slow.close();
    slow.closeAllConnections();
  });
  const address = slow.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const driver = await attach(connection.webdriverUrl, {
    webSocketUrl: true,
    pageLoadStrategy: 'none',
  });
  onTestFinished(() => driver.quit());
  await driver.get(`http://127.0.0.1:${port}/`);
  await expect.poll(() => driver.getTitle()).toBe('slow');
  const bidi = await openBidi((await driver.getCapabilities()).get('webSocketUrl'));
  const { result } = await bidi.send('browsingContext.getTree');
  expect(result.contexts).toMatchObject([{ context: await driver.getWindowHandle() }]);
});

test('a new socket lists all pages and their frames', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const { driver, bidiUrl } = await attachBidi(connection.webdriverUrl);
  const frame = await openSite('<p>inner</p>');
  const other = frame.replace('127.0.0.1', 'localhost');
  const site = await openSite(`<iframe src="${frame}"></iframe><iframe src="${other}"></iframe>`);
  await driver.get(site);
  for (let count = 1; count < 4; count++) {
    await driver.switchTo().newWindow('tab');
    await driver.get(site);
  }
  for (let round = 0; round < 5; round++) {
    const bidi = await openBidi(bidiUrl);
    const frames = async () => {
      const { result } = await bidi.send('browsingContext.getTree');
      return result.contexts.map(({ children }: { children: object[] }) => children.length);
    };
    expect(await frames()).toHaveLength(4);
    // On a busy machine the frames may come a moment later.
    await expect.poll(frames).toEqual([2, 2, 2, 2]);
    bidi.socket.terminate();
  }
});

test('a socket opens while a page shows a prompt', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const driver = await attach(connection.webdriverUrl, {
    webSocketUrl: true,
    unhandledPromptBehavior: 'ignore',
  });
  onTestFinished(() => driver.quit());
  const context = await driver.getWindowHandle();
  await driver.executeScript('setTimeout(() => { document.title = prompt("name?") })');
  await driver.wait(until.alertIsPresent(), 5000);
  const bidi = await openBidi((await driver.getCapabilities()).get('webSocketUrl'));
  const { result } = await bidi.send('browsingContext.getTree');
  expect(result.contexts).toMatchObject([{ context }]);
  await driver.switchTo().alert().sendKeys('Selenium');
  await driver.switchTo().alert().accept();
  expect(await driver.getTitle()).toBe('Selenium');
});

test('unhandled prompts are treated as the session asked', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const driver = await attach(connection.webdriverUrl, {
    webSocketUrl: true,
    unhandledPromptBehavior: 'ignore',
  });
  onTestFinished(() => driver.quit());
  const bidi = await openBidi((await driver.getCapabilities()).get('webSocketUrl'));
  await bidi.send('session.subscribe', { events: ['browsingContext.userPromptOpened'] });
  await driver.executeScript('setTimeout(() => alert("still there"))');
  expect((await eventOf(bidi, 'browsingContext.userPromptOpened')).params.handler).toBe('ignore');
  expect(await driver.switchTo().alert().getText()).toBe('still there');
  await driver.switchTo().alert().accept();
});

test('large messages pass in both directions', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const { driver, bidi } = await attachBidi(connection.webdriverUrl);
  const text = 'x'.repeat(4 * 1024 * 1024);
  const { result } = await bidi.send('script.callFunction', {
    functionDeclaration: '(text) => text + text',
    awaitPromise: false,
    target: { context: await driver.getWindowHandle() },
    arguments: [{ type: 'string', value: text }],
  });
  expect(result.result.value).toHaveLength(2 * text.length);
});

test('a BiDi process that dies is started again for the next socket', async ({
  service,
  workspace,
}) => {
  const { connection } = await workspace.create();
  const { bidi, bidiUrl } = await attachBidi(connection.webdriverUrl);
  const hosts = async () =>
    (await processesOf(service.browserRoot)).filter(({ command }) =>
      /^[^\0]*\/node\0.*bidi-host\.ts/.test(command),
    );
  const [host, ...others] = await hosts();
  expect(others).toEqual([]);
  const closed = once(bidi.socket, 'close');
  sendSignal(host?.pid, 'SIGKILL');
  await closed;
  await expect.poll(hosts).toEqual([]);
  const again = await openBidi(bidiUrl);
  expect(await again.send('session.status')).toMatchObject({ type: 'success' });
});

test('browser.close ends the runtime', async ({ service, workspace }) => {
  const { id, connection } = await workspace.create();
  const { bidi } = await attachBidi(connection.webdriverUrl);
  const closed = once(bidi.socket, 'close');
  void bidi.send('browser.close');
  await closed;
  await expect
    .poll(async () => (await service.call('GET', `${workspace.runtimes}/${id}`)).json.status)
    .toBe('stopped');
  await expect
    .poll(async () =>
      (await processesOf(service.browserRoot)).filter(({ command }) =>
        command.includes('bidi-host.ts'),
      ),
    )
    .toEqual([]);
});
