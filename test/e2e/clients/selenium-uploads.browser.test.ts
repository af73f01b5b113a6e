import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Builder, By, type WebDriver } from 'selenium-webdriver';
import type * as Remote from 'selenium-webdriver/remote.js';
import { expect, onTestFinished } from 'vitest';
import { z } from 'zod';
import { openFolder } from '../../support/folder.ts';
import { zipOf } from '../../support/packages.ts';
import { openSite } from '../../support/site.ts';
import { test } from '../../support/test.ts';

/** An import cannot name this module. */
const { FileDetector }: typeof Remote = createRequire(import.meta.url)('selenium-webdriver/remote');

const INPUT = '<input type=file id=file>';
const Answer = z.object({ value: z.unknown() });
const LARGE_BYTES = 60 * 1024 * 1024;

async function attach(url: string): Promise<WebDriver> {
  const driver = await new Builder().usingServer(url).forBrowser('chrome').build();
  onTestFinished(() => driver.quit());
  return driver;
}

/** A file of the client's own machine. */
async function openFile(name: string, content: string | Buffer): Promise<string> {
  const path = join(await openFolder(), name);
  await writeFile(path, content);
  return path;
}

test('Selenium uploads a file of its own machine, and the page reads it', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const driver = await attach(connection.webdriverUrl);
  driver.setFileDetector(new FileDetector());
  await driver.get(await openSite(INPUT));
  const path = await openFile('a letter.txt', 'Dear page');
  await driver.findElement(By.id('file')).sendKeys(path);
  const read = 'return document.getElementById("file").files[0]';
  expect(await driver.executeScript(`${read}.name`)).toBe('a letter.txt');
  expect(await driver.executeScript(`${read}.text()`)).toBe('Dear page');
});

test('Selenium uploads 60 MB', { timeout: 120_000 }, async ({ workspace }) => {
  const { connection } = await workspace.create();
  const driver = await attach(connection.webdriverUrl);
  driver.setFileDetector(new FileDetector());
  await driver.get(await openSite(INPUT));
  const content = randomBytes(LARGE_BYTES);
  const path = await openFile('large.bin', content);
  await driver.findElement(By.id('file')).sendKeys(path);
  const script = `return document.getElementById("file").files[0].slice(-4).arrayBuffer()
    .then((bytes) => [document.getElementById("file").files[0].size, ...new Uint8Array(bytes)])`;
  expect(await driver.executeScript(script)).toEqual([LARGE_BYTES, ...content.subarray(-4)]);
});

test('a file that was not uploaded cannot be given to a page', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const driver = await attach(connection.webdriverUrl);
  await driver.get(await openSite(INPUT));
  await expect(driver.findElement(By.id('file')).sendKeys('/etc/passwd')).rejects.toThrow();
  const count = 'return document.getElementById("file").files.length';
  expect(await driver.executeScript(count)).toBe(0);
});

test('only an open session of the connection takes uploads, at both addresses', async ({
  service,
  workspace,
}) => {
  const { id, connection } = await workspace.create();
  const driver = await attach(connection.webdriverUrl);
  const session = (await driver.getSession()).getId();
  const made = await service.call('POST', `${workspace.runtimes}/${id}/connections`, {
    protocol: 'webdriver',
  });
  for (const path of ['se/file', 'file']) {
    const own = await send(connection.webdriverUrl, `/session/${session}/${path}`);
    expect(own).toMatchObject({ status: 200, value: expect.stringMatching(/\/a\.txt$/) });
    const invalid = { status: 404, value: { error: 'invalid session id', stacktrace: '' } };
    const unknown = await send(connection.webdriverUrl, `/session/unknown/${path}`);
    expect(unknown).toMatchObject(invalid);
    expect(await send(made.json.url, `/session/${session}/${path}`)).toMatchObject(invalid);
    const slashed = await send(connection.webdriverUrl, `/session/${session}/${path}/`);
    expect(slashed.status).toBe(404);
  }
});

test('an upload that is too large gets a WebDriver error', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const { hostname, port, pathname } = new URL(connection.webdriverUrl);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  const length = 256 * 1024 * 1024 + 1;
  socket.write(
    `POST ${pathname}/session/any/se/file HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: ${length}\r\n\r\n`,
  );
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(
    /^HTTP\/1\.1 413 [^]*"value":{"error":"unknown error","message":"The body must/,
  );
});

async function send(base: string, path: string) {
  const file = (await zipOf({ 'a.txt': 'a' })).toString('base64');
  const body = JSON.stringify({ file });
  const response = await fetch(base + path, { method: 'POST', body });
  return { status: response.status, ...Answer.parse(await response.json()) };
}
