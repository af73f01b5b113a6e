import { execFile, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { expect } from 'vitest';
import { openFolder } from '../support/folder.ts';
import { marker } from '../support/packages.ts';
import { openHttpProxy, openSocksProxy } from '../support/proxies.ts';
import { openSite, serveSite } from '../support/site.ts';
import { test as base } from '../support/test.ts';

const run = promisify(execFile);

/** Examples as people run them, with the package as it is built. */
const test = base
  .extend('built', { scope: 'file' }, () => run('npm', ['run', 'build', '-w', '@bctrl/client']))
  .extend('env', ({ service, built: _built }) => ({
    ...process.env,
    BCTRL_URL: service.url,
    BCTRL_API_KEY: service.apiKey,
  }));

/** Debian's own Python, which sees the package that Debian has of Selenium. */
const PYTHON = '/usr/bin/python3';
const hasPythonSelenium = await run(PYTHON, ['-c', 'import selenium']).then(
  () => true,
  () => false,
);

function mainOf(example: string): string {
  return `examples/${example}/main.ts`;
}

/** The address as an argument of an example, which adds paths to it. */
function originOf(site: string): string {
  return new URL(site).origin;
}

function answer(response: ServerResponse, html: string, headers = {}) {
  response.writeHead(200, { 'content-type': 'text/html', ...headers }).end(html);
}

test('a person logs in once, and the profile stays logged in', async ({ env, service }) => {
  const site = await serveSite(({ url, headers }, response) => {
    if (url === '/done') {
      const cookie = { 'set-cookie': 'user=ann; Max-Age=86400' };
      return answer(response, 'Welcome', cookie);
    }
    if (url === '/login') return answer(response, '<a href="/done">Log in</a>');
    return answer(response, headers.cookie?.includes('user=ann') ? 'Hello ann' : 'Who are you?');
  });
  const program = spawn(process.execPath, [mainOf('log-in-once'), originOf(site)], { env });
  const lines: string[] = [];
  program.stderr.pipe(process.stderr);
  for await (const line of createInterface(program.stdout)) {
    lines.push(line);
    if (!line.startsWith('Log in here: ')) continue;
    expect(line).toContain('/embed/live/');
    const { runtimes } = (await service.call('GET', '/v1/runtimes?status=active')).json;
    await using browser = await chromium.connectOverCDP(runtimes[0].connection.cdpUrl);
    await browser.contexts()[0]?.pages()[0]?.click('a');
  }
  expect(lines.at(-1)).toBe('Hello ann');
});

test('a report is downloaded', async ({ env }) => {
  const folder = await openFolder();
  const site = await serveSite(({ url }, response) => {
    if (url === '/report.csv') response.end('a,b\n1,2\n');
    else answer(response, '<a download href="/report.csv">Report</a>');
  });
  const args = [mainOf('download-a-report'), site, 'a[download]', folder];
  const { stdout } = await run(process.execPath, args, { env });
  expect(stdout).toBe(`${folder}/report.csv\n`);
  expect(await readFile(join(folder, 'report.csv'), 'utf8')).toBe('a,b\n1,2\n');
});

test('a run is recorded', async ({ env }) => {
  const folder = await openFolder();
  const site = await openSite('<body style="height:3000px"><h1>Hello</h1>');
  const { stdout } = await run(process.execPath, [mainOf('record-a-run'), site, folder], { env });
  const [status, video = ''] = stdout.split('\n');
  expect(status).toBe('succeeded');
  expect((await readFile(video)).subarray(4, 8).toString()).toBe('ftyp');
});

test('many pages are read in parallel from one queue', async ({ env }) => {
  const site = await serveSite(({ url }, response) => answer(response, `<title>${url}</title>`));
  const args = [mainOf('many-pages'), originOf(site), '20'];
  const { stdout } = await run(process.execPath, args, { env });
  expect(stdout).toBe('20 pages, 20 titles\n');
});

test('proxies take turns under one browser', async ({ env }) => {
  const site = await openSite('<title>site</title>');
  const socks = await openSocksProxy();
  const http = await openHttpProxy();
  const proxies = [`socks5://127.0.0.1:${socks.port}`, `http://127.0.0.1:${http.port}`];
  const args = [mainOf('rotate-proxies'), site, ...proxies];
  const { stdout } = await run(process.execPath, args, { env });
  expect(stdout).toBe(`127.0.0.1:${socks.port} site\n127.0.0.1:${http.port} site\n`);
});

test('Playwright Test runs in browsers of the service', async ({ env }) => {
  const site = await openSite('<h1>Hello</h1>');
  const args = ['test', '-c', 'examples/playwright-test'];
  const { stdout } = await run('node_modules/.bin/playwright', args, {
    env: { ...env, SITE: site },
  });
  expect(stdout).toContain('2 passed');
});

test('an agent reads a page by MCP', async ({ env }) => {
  const site = await openSite('<h1>Hello agent</h1>');
  const { stdout } = await run(process.execPath, [mainOf('mcp-agent'), site], { env });
  expect(stdout).toMatch(/^\d+ tools\n/);
  expect(stdout).toContain('heading "Hello agent"');
});

test('an extension is uploaded and loaded', async ({ env }) => {
  const file = join(await openFolder(), 'extension.zip');
  await writeFile(file, await marker('marks'));
  const args = [mainOf('upload-an-extension'), file, await openSite('<h1>Hello</h1>')];
  const { stdout } = await run(process.execPath, args, { env });
  expect(stdout).toMatch(/^marks 1.0\n\{"marks":"[a-p]{32}"/);
});

test.skipIf(!hasPythonSelenium)('Selenium in Python drives a browser', async ({ env, service }) => {
  const main = 'examples/python-selenium/main.py';
  const site = await openSite('<title>Python</title><h1>Hello Selenium</h1>');
  const { stdout } = await run(PYTHON, [main, site], { env });
  expect(stdout).toBe('Python\nHello Selenium\n');
  const refused = run(PYTHON, [main, site], { env: { ...env, BCTRL_API_KEY: 'wrong' } });
  await expect(refused).rejects.toMatchObject({
    stderr: expect.stringMatching(/^auth\.required: /),
  });
  expect((await service.call('GET', '/v1/runtimes?status=active')).json.runtimes).toEqual([]);
});
