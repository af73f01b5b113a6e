import puppeteer from 'puppeteer-core';
import { expect, onTestFinished } from 'vitest';
import { openSite } from '../support/site.ts';
import { test } from '../support/test.ts';

const PAGE = `<!doctype html><title>asks</title><input type="file"><button>Pick</button><script>
  told = [];
  for (const name of ['beforeprint', 'afterprint']) addEventListener(name, () => told.push(name));
  document.querySelector('input').addEventListener('cancel', () => told.push('cancelled'));
  document.querySelector('button').onclick = () =>
    showOpenFilePicker().catch(({ name }) => told.push(name));
</script>`;

test('printing and file pickers end at once, and the page goes on', async ({ workspace }) => {
  const { connection } = await workspace.create();
  const browser = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  onTestFinished(() => browser.disconnect());
  const [page] = await browser.pages();
  await page?.goto(await openSite(PAGE));

  await page?.evaluate('print()');
  await page?.waitForFunction(`told.join() === 'beforeprint,afterprint'`);
  await page?.click('input');
  await page?.waitForFunction(`told.at(-1) === 'cancelled'`);
  await page?.click('button');
  await page?.waitForFunction(`told.at(-1) === 'AbortError'`);

  expect(await page?.pdf()).not.toHaveLength(0);
  expect(await page?.screenshot()).not.toHaveLength(0);
  const hasWebGl = `document.createElement('canvas').getContext('webgl2') !== null`;
  expect(await page?.evaluate(hasWebGl)).toBe(true);
});
