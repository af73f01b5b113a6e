import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { inject, onTestFinished, test as base, expect } from 'vitest';
import { checkSteps } from '../../../src/runtime-manager/operations/steps/check-steps.ts';
import { Step } from '../../../src/runtime-manager/operations/steps/step.ts';
import type { StepOutcome } from '../../../src/runtime-manager/operations/steps/step-outcome.ts';
import { StepRunner } from '../../../src/runtime-manager/playwright/steps/step-runner.ts';
import { openFolder } from '../../support/folder.ts';
import { serveSite } from '../../support/site.ts';

const never = new AbortController().signal;

const PAGE = `<!doctype html><title>shop</title>
<h1>Orders</h1>
<input id="name" placeholder="Name"><input id="agree" type="checkbox">
<select id="size"><option>S</option><option value="l">Large</option></select>
<input id="file" type="file">
<ul><li>one</li><li>two</li></ul>
<button onclick="said.textContent = confirm('Sure?')">Ask</button><p id="said"></p>
<a href="/details" target="_blank">Details</a> <a href="/download">Download</a>
<iframe srcdoc="<b>inside</b>"></iframe>`;

const answer: RequestListener = ({ url }, response) => {
  if (url === '/never') return;
  if (url === '/download') response.setHeader('content-disposition', 'attachment; filename=a.txt');
  if (url === '/strict') response.setHeader('content-security-policy', "default-src 'none'");
  response.setHeader('content-type', 'text/html');
  response.end(PAGE);
};

/** A Chromium of this file, with nothing of the service, and a client as the helper process has. */
const test = base.extend('context', { scope: 'file' }, async ({}, { onCleanup }) => {
  const folder = await mkdtemp(join(tmpdir(), 'chromium-'));
  const flags = ['--headless', '--no-sandbox', '--remote-debugging-port=0'];
  const browser = spawn(inject('chromiumPath'), [...flags, `--user-data-dir=${folder}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onCleanup(async () => {
    const closed = once(browser, 'close');
    browser.kill();
    await closed;
    await rm(folder, { recursive: true });
  });
  for await (const line of createInterface({ input: browser.stderr })) {
    const [address] = /ws:\/\/\S+/.exec(line) ?? [];
    if (address === undefined) continue;
    const [context] = (await chromium.connectOverCDP(address)).contexts();
    if (context) return context;
  }
  throw new Error('Chromium did not start');
});

interface Steps {
  page: Page;
  url: string;
  /** Checks and runs one step after the ones before. */
  run: (call: string, ...args: unknown[]) => Promise<StepOutcome>;
  runStep: (step: object, signal?: AbortSignal) => Promise<StepOutcome>;
}

/** Steps on a page of their own, on the site of the test. */
async function openSteps(context: BrowserContext): Promise<Steps> {
  const url = await serveSite(answer);
  const page = await context.newPage();
  const folder = await openFolder();
  await writeFile(join(folder, 'given.txt'), 'given');
  const givenFile = (path: string) => Promise.resolve(join(folder, path));
  const runner = new StepRunner(context, { page: () => page, givenFile });
  onTestFinished(async () => {
    await runner[Symbol.asyncDispose]();
    await page.close();
  });
  await page.goto(url);
  const before: object[] = [];
  const runStep = (step: object, signal = never) => {
    before.push(step);
    expect(checkSteps(before)).toEqual([]);
    return runner.run(Step.parse(step), { signal });
  };
  return { page, url, runStep, run: (call, ...args) => runStep({ call, args }) };
}

test('steps act on a page as Playwright does, and tell what they find', async ({ context }) => {
  const { run, runStep, url } = await openSteps(context);
  expect(await run('page.goto', url, { waitUntil: 'load' })).toEqual({
    value: { url, method: 'GET', status: 200, statusText: 'OK' },
  });
  expect(await run('page.title')).toEqual({ value: 'shop' });
  expect(await run('page.fill', '#name', 'Ada')).toEqual({});
  await run('page.press', '#name', 'End');
  await run('keyboard.type', '!');
  expect(await run('page.inputValue', '#name')).toEqual({ value: 'Ada!' });
  await run('page.check', '#agree');
  expect(await run('page.isChecked', '#agree')).toEqual({ value: true });
  expect(await run('page.selectOption', '#size', { label: 'Large' })).toEqual({ value: ['l'] });
  expect(await run('page.getAttribute', '#name', 'none')).toEqual({ value: null });
  await run('mouse.move', 1, 1);

  const text = { regex: 'T[vw]o', flags: 'i' };
  const bound = await runStep({ call: 'page.getByText', args: [text], as: 'two' });
  expect(bound.binding).toEqual({ alias: 'two', id: expect.any(String), type: 'handle' });
  expect(await run('two.textContent')).toEqual({ value: 'two' });
  await runStep({ call: 'page.locator', args: ['li'], as: 'items' });
  expect(await run('items.count')).toEqual({ value: 2 });
  await runStep({ call: 'items.and', args: [{ handle: 'two' }], as: 'both' });
  expect(await run('both.allTextContents')).toEqual({ value: ['two'] });
  await runStep({ call: 'items.all', as: 'list' });
  await runStep({ call: 'list.at', args: [0], as: 'first' });
  expect(await run('first.innerText')).toEqual({ value: 'one' });
  await runStep({ call: 'page.frameLocator', args: ['iframe'], as: 'frame' });
  await runStep({ call: 'frame.locator', args: ['b'], as: 'inside' });
  expect(await run('inside.evaluate', '(b, x) => b.textContent + x', '!')).toEqual({
    value: 'inside!',
  });

  await run('context.addCookies', [{ name: 'a', value: 'b', url }]);
  expect((await run('context.cookies', url)).value).toMatchObject([{ name: 'a', value: 'b' }]);
  await run('context.clearCookies', { name: { regex: '^a$' } });
  expect(await run('context.cookies')).toEqual({ value: [] });
});

test('code runs in the page as expression, function, statements or script', async ({ context }) => {
  const { run, runStep, url } = await openSteps(context);
  expect(await run('page.evaluate', 'document.title')).toEqual({ value: 'shop' });
  expect(await run('page.evaluate', '() => document.title;')).toEqual({ value: 'shop' });
  expect(await run('page.evaluate', 'async ({ a }) => a + 1', { a: 1 })).toEqual({ value: 2 });
  expect(await run('page.evaluate', 'function f(x) { return [x] } // f', 1)).toEqual({
    value: [1],
  });
  expect(await run('page.evaluate', '0, 1')).toEqual({ value: 1 });
  expect(await run('page.evaluate', 'const a = 2; a * 2;')).toEqual({ value: 4 });
  expect(await run('page.evaluate', '[undefined, new Date(0), 1n]')).toEqual({
    value: [null, '1970-01-01T00:00:00.000Z', '1'],
  });
  const source = 'const sum = await Promise.resolve(args.a + 1); return sum // done';
  expect(await run('execute', { source, args: { a: 1 } })).toEqual({ value: 2 });
  await expect(run('page.evaluate', 'nothing')).rejects.toMatchObject({
    code: 'step_failed',
    message: 'page.evaluate: ReferenceError: nothing is not defined',
  });
  await expect(run('execute', { source: 'return )' })).rejects.toMatchObject({
    code: 'step_failed',
    message: "The source is not the body of a function: Unexpected token ')'",
  });
  await run('page.goto', `${url}strict`);
  expect(await run('execute', { source: 'return document.title' })).toEqual({ value: 'shop' });
  expect(await run('page.waitForFunction', 'document.title === "shop"')).toEqual({ value: true });
  const logged = { call: 'page.evaluate', args: ['console.warn("careful"), 1'] };
  expect(await runStep({ ...logged, options: { logs: 'capture' } })).toEqual({
    value: 1,
    logs: [{ level: 'warning', text: 'careful', url: `${url}strict` }],
  });
  expect(await runStep({ ...logged, options: { dryRun: true } })).toEqual({ dryRun: true });
});

test('a script that never ends is ended with its step, and the page goes on', async ({
  context,
}) => {
  const { run, runStep } = await openSteps(context);
  await runStep({ call: 'page.frameLocator', args: ['iframe'], as: 'frame' });
  await runStep({ call: 'frame.locator', args: ['b'], as: 'inside' });
  const endless = [
    { call: 'page.evaluate', args: ['while (true) {}'] },
    { call: 'page.waitForFunction', args: ['() => { while (true) {} }'] },
    { call: 'execute', args: [{ source: 'for (;;) await null' }] },
    { call: 'inside.evaluate', args: ['() => { while (true) {} }'] },
  ];
  for (const step of endless) {
    const ended = runStep({ ...step, options: { timeoutMs: 300 } });
    await expect(ended).rejects.toMatchObject({ code: 'step_timeout' });
    expect(await runStep({ call: 'page.evaluate', args: ['1'] })).toEqual({ value: 1 });
  }
  const cancelled = new AbortController();
  const started = run('page.waitForEvent', 'console');
  const ended = runStep(
    { call: 'page.evaluate', args: ['console.log("busy"); while (true) {}'] },
    cancelled.signal,
  );
  await started;
  cancelled.abort();
  await expect(ended).rejects.toMatchObject({ code: 'cancelled' });
  expect(await run('page.title')).toEqual({ value: 'shop' });
});

test('a step ends in time, whatever it calls', async ({ context }) => {
  const { run, runStep, url } = await openSteps(context);
  const options = { timeoutMs: 300 };
  await expect(
    runStep({ call: 'page.goto', args: [`${url}never`], options }),
  ).rejects.toMatchObject({
    code: 'step_timeout',
    message: expect.stringContaining('page.goto: Timeout 300ms exceeded.\nCall log:'),
  });
  await run('page.goto', url);
  await expect(
    runStep({ call: 'page.evaluate', args: ['new Promise(() => {})'], options }),
  ).rejects.toMatchObject({ code: 'step_timeout' });
  await expect(
    runStep({ call: 'keyboard.type', args: ['abc', { delay: 60_000 }], options }),
  ).rejects.toMatchObject({
    code: 'step_timeout',
    message: 'The step did not end within 300 ms',
  });
  const gone = AbortSignal.abort();
  await expect(runStep({ call: 'page.title' }, gone)).rejects.toMatchObject({ code: 'cancelled' });
  const cancelled = new AbortController();
  const clicked = runStep({ call: 'page.click', args: ['#nowhere'] }, cancelled.signal);
  cancelled.abort();
  await expect(clicked).rejects.toMatchObject({ code: 'cancelled' });
  expect(await run('page.title')).toEqual({ value: 'shop' });
});

test('results that are too large are refused, and steps go on', async ({ context }) => {
  const { run } = await openSteps(context);
  for (const code of ["'x'.repeat(1e8)", 'Array(1e6).fill(1)']) {
    await expect(run('page.evaluate', code)).rejects.toMatchObject({ code: 'result_too_large' });
  }
  await run('page.evaluate', "document.body.append('x'.repeat(1.1e6))");
  await expect(run('page.content')).rejects.toMatchObject({ code: 'result_too_large' });
  const circle = 'const circle = {}; circle.circle = circle; circle';
  await expect(run('page.evaluate', circle)).rejects.toMatchObject({
    message: 'The result cannot be written as JSON',
  });
  const thrown = run('page.evaluate', "(() => { throw new Error('x'.repeat(1e6)) })()");
  await expect(thrown).rejects.toMatchObject({ message: expect.stringMatching(/^.{1000,4000}$/s) });
  expect(await run('page.title')).toEqual({ value: 'shop' });
});

test('files go into pages and come out of them', async ({ context }) => {
  const { run, runStep } = await openSteps(context);
  const names = '[...file.files].map((one) => one.name + one.size)';
  await run('page.setInputFiles', '#file', 'given.txt');
  expect(await run('page.evaluate', names)).toEqual({ value: ['given.txt5'] });
  const payload = { name: 'made.bin', mimeType: 'text/plain', base64: 'AAAA' };
  await run('page.setInputFiles', '#file', payload);
  expect(await run('page.evaluate', names)).toEqual({ value: ['made.bin3'] });
  await runStep({ call: 'page.waitForEvent', args: ['filechooser'], as: 'opened' });
  await run('page.click', '#file');
  await runStep({ call: 'opened.value', as: 'chooser' });
  await run('chooser.setFiles', ['given.txt']);
  expect(await run('page.evaluate', names)).toEqual({ value: ['given.txt5'] });

  const { file: shot } = await run('page.screenshot', { path: 'shots/a.jpg' });
  expect(shot).toMatchObject({ name: 'shots/a.jpg', contentType: 'image/jpeg' });
  expect(shot?.content.subarray(0, 2).toString('hex')).toBe('ffd8');
  await runStep({ call: 'page.locator', args: ['h1'], as: 'heading' });
  const { file: small } = await run('heading.screenshot');
  expect(small).toMatchObject({ name: 'screenshot.png', contentType: 'image/png' });
  const { file: pdf } = await run('page.pdf', { format: 'A4', path: 'a.pdf' });
  expect(pdf).toMatchObject({ name: 'a.pdf', contentType: 'application/pdf' });
  expect(pdf?.content.subarray(0, 4).toString()).toBe('%PDF');
});

test('events are listened for by one step and waited for by a later one', async ({ context }) => {
  const { run, runStep, url } = await openSteps(context);
  const listening = await runStep({ call: 'page.waitForEvent', args: ['popup'], as: 'opened' });
  expect(listening.binding).toMatchObject({ type: 'subscription' });
  await run('page.click', 'text=Details');
  const { binding } = await runStep({ call: 'opened.value', as: 'details' });
  expect(binding).toMatchObject({ alias: 'details', type: 'page' });
  await run('details.waitForLoadState');
  expect(await run('details.url')).toEqual({ value: `${url}details` });
  await run('details.keyboard.type', 'x');
  await runStep({ call: 'context.pages', as: 'tabs' });
  await runStep({ call: 'tabs.at', args: [-1], as: 'last' });
  expect(await run('last.url')).toEqual({ value: `${url}details` });
  await run('details.close');
  await expect(run('details.title')).rejects.toMatchObject({
    code: 'binding_gone',
    message: 'The page of "details" is closed',
  });

  await runStep({ call: 'page.waitForEvent', args: ['download'], as: 'downloaded' });
  await run('page.click', 'text=Download');
  expect(await run('downloaded.value')).toEqual({
    value: { suggestedFilename: 'a.txt', url: `${url}download` },
  });
  await runStep({ call: 'page.waitForResponse', args: [{ regex: 'x=1$' }], as: 'answered' });
  await run('page.evaluate', "fetch('/?x=1').then(() => 0)");
  expect((await run('answered.value')).value).toMatchObject({ url: `${url}?x=1`, status: 200 });
  const options = { timeoutMs: 300 };
  await expect(
    runStep({ call: 'page.waitForEvent', args: ['popup'], options }),
  ).rejects.toMatchObject({ code: 'step_timeout' });
});

test('objects of a page are gone with its document', async ({ context }) => {
  const { run, runStep } = await openSteps(context);
  await runStep({ call: 'page.evaluateHandle', args: ['document.body'], as: 'body' });
  const inside = { deep: [{ handle: 'body' }] };
  expect(await run('page.evaluate', '({ deep }) => deep[0].tagName', inside)).toEqual({
    value: 'BODY',
  });
  await run('page.reload');
  const gone = { code: 'binding_gone' };
  await expect(run('body.evaluate', '(body) => body.tagName')).rejects.toMatchObject(gone);
  await expect(run('page.evaluate', '(x) => 1', { handle: 'body' })).rejects.toMatchObject(gone);
});

test('a dialog is dismissed while a step runs, answered by a step that waits for it, else left alone', async ({
  context,
}) => {
  const { page, run, runStep } = await openSteps(context);
  await run('page.click', 'text=Ask');
  expect(await run('page.textContent', '#said')).toEqual({ value: 'false' });

  await runStep({ call: 'page.waitForEvent', args: ['dialog'], as: 'asked' });
  expect(await run('page.click', 'text=Ask')).toEqual({});
  expect(await run('asked.value')).toEqual({
    value: { type: 'confirm', message: 'Sure?', defaultValue: '' },
  });
  await runStep({ call: 'asked.value', as: 'question' });
  await run('question.accept');
  expect(await run('page.textContent', '#said')).toEqual({ value: 'true' });

  const opened = context.waitForEvent('dialog');
  const clicked = page.click('text=Ask');
  const dialog = await opened;
  // A dialog that was dismissed cannot be accepted.
  await dialog.accept();
  await clicked;
  expect(await run('page.textContent', '#said')).toEqual({ value: 'true' });

  const again = context.waitForEvent('dialog');
  const inTheWay = page.click('text=Ask');
  await again;
  expect(await run('page.title')).toEqual({ value: 'shop' });
  await inTheWay;
  expect(await run('page.textContent', '#said')).toEqual({ value: 'false' });
});
