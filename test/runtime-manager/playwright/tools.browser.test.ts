import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import type { ToolResult } from '../../../src/runtime-manager/playwright/tool-files.ts';
import { openTools } from '../../../src/runtime-manager/playwright/tools.ts';
import { eventually } from '../../support/eventually.ts';
import { openSite } from '../../support/site.ts';
import { test, type TestWorkspace } from '../../support/test.ts';

const PAGE = `<!doctype html><title>tools</title><h1>Tools</h1>
<input id="file" type="file" oncancel="document.title = 'nothing chosen'">
<a href="data:application/octet-stream,x" download="d.bin">Download</a>`;
const NEVER = new AbortController().signal;

async function connect(cdpUrl: string): Promise<BrowserContext> {
  const browser = await chromium.connectOverCDP(cdpUrl);
  onTestFinished(() => browser.close());
  const [context] = browser.contexts();
  if (!context) throw new Error('there is no context');
  return context;
}

/** The tools of a new runtime, on a page, and the same page in the hands of another client. */
async function openAll({ create }: TestWorkspace, limits: { limitMs?: number } = {}) {
  const { connection } = await create();
  const outputDir = await mkdtemp(join(tmpdir(), 'tools-'));
  const given = join(await mkdtemp(join(tmpdir(), 'given-')), 'up.txt');
  await writeFile(given, 'hello');
  const context = await connect(connection.cdpUrl);
  const tools = openTools(context, { ...limits, outputDir, givenFile: async () => given });
  onTestFinished(() => tools[Symbol.asyncDispose]());
  const [page] = (await connect(connection.cdpUrl)).pages();
  if (!page) throw new Error('there is no page');
  const call = (name: string, args: object = {}, signal = NEVER) => tools.call(name, args, signal);
  const url = await openSite(PAGE);
  const opened = await call('browser_navigate', { url });
  return { call, page, outputDir, given, opened };
}

const append = (letter: string) => ({ function: `() => { document.title += '${letter}'; }` });

const textOf = ({ content }: ToolResult) =>
  content.map((part) => (part.type === 'text' ? part.text : '')).join('');

test('what a tool finds is in its answer, and what it writes is a file', async ({ workspace }) => {
  const { call, outputDir, given, opened } = await openAll(workspace);
  expect(opened).toMatchObject({ isError: false, files: [] });
  expect(textOf(opened)).toContain('heading "Tools"');
  expect((await call('browser_take_screenshot')).content).toContainEqual({
    type: 'image',
    data: expect.any(String),
    mimeType: 'image/png',
  });
  for (const [name, args, contentType] of [
    ['browser_take_screenshot', { filename: 'a.jpeg' }, 'image/jpeg'],
    ['browser_snapshot', { filename: 'a.yml' }, 'text/yaml'],
    ['browser_evaluate', { filename: 'a.json', function: '() => 1' }, 'application/json'],
    ['browser_pdf_save', { filename: 'a.pdf' }, 'application/pdf'],
  ] as const) {
    const { files } = await call(name, args);
    expect(files).toMatchObject([
      { name: args.filename, contentType, content: expect.any(Buffer) },
    ]);
  }
  for (const filename of ['../a.png', '/tmp/a.png', '.a.png']) {
    expect(await call('browser_take_screenshot', { filename })).toMatchObject({ isError: true });
  }
  const elsewhere = { function: '() => 1', filename: 'b.json', _meta: { cwd: tmpdir() } };
  expect(await call('browser_evaluate', elsewhere)).toMatchObject({ files: [{ name: 'b.json' }] });
  await call('browser_click', { target: '#file' });
  const uploaded = await call('browser_file_upload', { paths: ['up.txt'] });
  expect(textOf(uploaded)).toContain('setFiles(["up.txt"])');
  expect(textOf(uploaded)).not.toContain(given);
  const chosen = { function: '() => document.querySelector("#file").files[0].text()' };
  expect(textOf(await call('browser_evaluate', chosen))).toContain('hello');
  // The service keeps downloads itself.
  const download = await call('browser_click', { target: 'a' });
  expect(textOf(download)).toContain('Downloading file d.bin');
  expect(download.files).toEqual([]);
  const left = await readdir(outputDir, { recursive: true, withFileTypes: true });
  expect(left.filter((entry) => entry.isFile())).toEqual([]);
  for (const name of ['browser_run_code_unsafe', 'browser_close']) {
    expect(await call(name, { code: '1' })).toMatchObject({ isError: true });
  }
});

test('one call is carried out after the other, and one that is given up is in nobody’s way', async ({
  workspace,
}) => {
  const { call, page } = await openAll(workspace, { limitMs: 6000 });
  await Promise.all(['a', 'b', 'c'].map((one) => call('browser_evaluate', append(one))));
  expect(await page.title()).toBe('toolsabc');
  const endless = { function: '() => new Promise(() => {})' };
  const late = await call('browser_evaluate', endless);
  expect(late.isError).toBe(true);
  expect(textOf(late)).toContain('did not end within 6 seconds');
  expect(textOf(await call('browser_snapshot'))).toContain('heading "Tools"');
  const client = new AbortController();
  const waiting = call('browser_evaluate', endless, client.signal);
  client.abort(new Error('the client has gone'));
  await expect(waiting).rejects.toThrow('the client has gone');
  expect(textOf(await call('browser_snapshot'))).toContain('heading "Tools"');
});

test('between calls, dialogs and file choosers are left to others', async ({ workspace }) => {
  const { call, page } = await openAll(workspace);
  expect(await call('browser_wait_for', { text: 'Tools' })).toMatchObject({ isError: false });
  const asked = new Promise((resolve) => {
    page.on('dialog', resolve);
  });
  await page.evaluate("setTimeout(() => alert('Really?'))");
  await asked;
  expect(textOf(await call('browser_snapshot'))).toContain('dialog with message "Really?"');
  expect(await call('browser_handle_dialog', { accept: true })).toMatchObject({ isError: false });
  // Without anybody to choose a file, Chromium says that none was chosen; the tools hear a while longer.
  await eventually(async () => {
    await page.click('#file');
    expect(await page.title()).toBe('nothing chosen');
  });
});
