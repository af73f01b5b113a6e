/** What somebody does with the console from the first start on, without the API. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { openViewingBrowser } from '../../support/viewing-browser.ts';
import { serveSite } from '../../support/site.ts';
import { test } from '../../support/test.ts';

const run = promisify(execFile);

const FORM = `<!doctype html><title>the form</title><body style="margin:0">
  <input id="name" style="position:absolute;left:0;top:0;width:400px;height:100px;font-size:40px">`;

/** A form, and a report that is loaded by a link. */
function openShop(): Promise<string> {
  return serveSite(({ url }, response) => {
    if (url !== '/report') {
      response.setHeader('content-type', 'text/html').end(FORM);
      return;
    }
    response.setHeader('content-disposition', 'attachment; filename="report.txt"').end('sold: 3');
  });
}

/** Copies what attaches Puppeteer to the runtime of the page, and what the lines do, done elsewhere. */
async function copyLines(page: Page, act: string): Promise<string> {
  await page.getByRole('tab', { name: 'Puppeteer' }).click();
  await page.getByRole('button', { name: 'Copy the lines for Puppeteer' }).click();
  await page.getByText('Copied', { exact: true }).waitFor();
  const field = page.getByLabel('Filter events by text');
  await field.focus();
  await page.keyboard.press('ControlOrMeta+V');
  const lines = await field.inputValue();
  await field.fill('');
  const visit = "await page.goto('https://example.com');";
  expect(lines).toContain(visit);
  return lines.replace(visit, act);
}

const runLines = async (lines: string) =>
  (await run(process.execPath, ['--input-type=module', '-e', lines])).stdout.trim();

async function createHere(page: Page, alias: string): Promise<void> {
  await page.getByRole('button', { name: 'New runtime' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Alias').fill(alias);
  await dialog.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: alias, level: 1 }).waitFor();
}

test('from the printed link to a file that a person and a program made together', async ({
  service,
}) => {
  const browser = await openViewingBrowser();
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  await page.goto(`${service.url}/console#link=${service.signInToken}`);
  await page.getByRole('heading', { name: 'No runtimes yet' }).waitFor();
  await createHere(page, 'first');
  const shop = await openShop();
  await runLines(await copyLines(page, `await page.goto('${shop}');`));

  const live = page.frameLocator('iframe[title="Live view of first"]');
  await live.locator('.stage[data-state=live]').waitFor();
  await live.getByText('the form').first().waitFor();
  await live.locator('canvas').click({ position: { x: 20, y: 20 } });
  await live.getByText('You drive').first().waitFor();
  await page.keyboard.type('Ada');
  await live.getByRole('button', { name: 'Hand back' }).first().click();
  const read = `console.log(await page.evaluate('document.getElementById("name").value'));
    await page.evaluate('location.href = "/report"');`;
  expect(await runLines(await copyLines(page, read))).toBe('Ada');
  const saved = page.waitForEvent('download');
  await page.getByRole('link', { name: 'report.txt' }).click();
  expect(await readFile(await (await saved).path(), 'utf8')).toBe('sold: 3');

  await page.getByRole('link', { name: 'Runtimes' }).first().click();
  await createHere(page, 'second');
  await page.frameLocator('iframe').locator('.stage[data-state=live]').waitFor();
  const crash = `await (await browser.target().createCDPSession()).send('Browser.crash').catch(() => 0);
    process.exit();`;
  await runLines(await copyLines(page, crash));
  await page.getByRole('heading', { name: /^The browser exited / }).waitFor();
  await page.getByText('Start it again. If it happens again').waitFor();
});
