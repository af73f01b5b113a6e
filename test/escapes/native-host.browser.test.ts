/** A customer tries to run a program of their own on the machine, by the browser or by a file. */
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Builder, By } from 'selenium-webdriver';
import { expect, onTestFinished } from 'vitest';
import { marker, zipOf } from '../support/packages.ts';
import { chromiumsOf } from '../support/processes.ts';
import { openSite } from '../support/site.ts';
import { test } from '../support/test.ts';
import { openGates, openUninspected } from '../support/uninspected.ts';

const HOST = 'com.example.host';

test('an extension that could start programs is refused', async ({ service }) => {
  const body = new FormData();
  const content = await marker('Starter', { permissions: ['nativeMessaging'] });
  body.set('file', new Blob([new Uint8Array(content)]), 'package.zip');
  const answer = await fetch(`${service.url}/v1/browser-extensions/upload`, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.apiKey}` },
    body,
  });
  expect(answer.status).toBe(400);
  expect(JSON.stringify(await answer.json())).toContain('nativeMessaging');
});

test('an uploaded file lies where the browser looks nothing up, and cannot be run', async ({
  service,
  workspace,
}) => {
  const { connection } = await workspace.create();
  const driver = await new Builder()
    .usingServer(connection.webdriverUrl)
    .forBrowser('chrome')
    .build();
  onTestFinished(() => driver.quit());
  const session = (await driver.getSession()).getId();
  const file = (await zipOf({ 'run.sh': '#!/bin/sh\ntouch /tmp/ran\n' })).toString('base64');
  for (const path of ['file', 'se/file']) {
    const uploaded = await fetch(`${connection.webdriverUrl}/session/${session}/${path}`, {
      method: 'POST',
      body: JSON.stringify({ file }),
    });
    const { value } = (await uploaded.json()) as { value: string };
    expect(value).toMatch(/^\/runtime\/files\/uploads\/[^/]+\/run\.sh$/);
    await driver.get(await openSite('<input type=file>'));
    await driver.findElement(By.css('input')).sendKeys(value);
    expect(await driver.executeScript('return document.querySelector("input").files[0].name')).toBe(
      'run.sh',
    );
  }
  const files = join(service.dataDir, 'files');
  const found = (await readdir(files, { recursive: true })).filter((one) => one.endsWith('.sh'));
  expect(found).toHaveLength(2);
  for (const one of found) expect((await stat(join(files, one))).mode & 0o111).toBe(0);
});

test('the browser starts no native host, even one in its user data directory', async () => {
  const gates = await openGates();
  const { browser, cdp } = await openUninspected(gates);
  const [main] = await chromiumsOf(gates.settings.roots.root);
  const inside = `/proc/${main?.pid}/root/runtime`;
  await writeFile(`${inside}/host.sh`, '#!/bin/sh\ntouch /runtime/ran\n');
  await chmod(`${inside}/host.sh`, 0o755);
  const hosts = `${inside}/data/NativeMessagingHosts`;
  await mkdir(hosts, { recursive: true });
  await chmod(hosts, 0o777);
  const extension = join(browser.directory.indexedExtensions.path, '0');
  await mkdir(extension);
  await writeFile(
    join(extension, 'manifest.json'),
    JSON.stringify({
      manifest_version: 3,
      name: 'Starter',
      version: '1',
      permissions: ['nativeMessaging'],
      background: { service_worker: 'worker.js' },
    }),
  );
  await writeFile(join(extension, 'worker.js'), '');
  await writeFile(join(extension, 'page.html'), '<title>page</title>');
  const { path, seen } = browser.directory.indexedExtensions;
  await chmod(path, 0o777);
  const { id } = await cdp.send('Extensions.loadUnpacked', { path: `${seen}/0` });
  await writeFile(
    `${hosts}/${HOST}.json`,
    JSON.stringify({
      name: HOST,
      description: 'x',
      path: '/runtime/host.sh',
      type: 'stdio',
      allowed_origins: [`chrome-extension://${String(id)}/`],
    }),
  );
  const { targetId } = await cdp.send('Target.createTarget', {
    url: `chrome-extension://${String(id)}/page.html`,
  });
  const { sessionId } = await cdp.send('Target.attachToTarget', { targetId, flatten: true });
  const evaluate = async (expression: string) => {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result } = await cdp.send('Runtime.evaluate', params, String(sessionId));
    return (result as { value: unknown }).value;
  };
  await expect.poll(() => evaluate('typeof chrome.runtime?.sendNativeMessage')).toBe('function');
  const said = await evaluate(`new Promise((tell) =>
    chrome.runtime.sendNativeMessage('${HOST}', {}, () =>
      tell(chrome.runtime.lastError?.message ?? 'started')))`);
  expect(said).toBe(
    'Access to the native messaging host was disabled by the system administrator.',
  );
  expect(await readdir(inside)).not.toContain('ran');
});
