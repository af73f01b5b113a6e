/** The console in a person's browser, with a service and its runtimes. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { expect } from 'vitest';
import { openConsoleSite } from '../../support/console-site.ts';
import { openViewingBrowser } from '../../support/live-page.ts';
import { test as base } from '../../support/test.ts';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const test = base
  .extend('viewing', { scope: 'file' }, async ({}, { onCleanup }) => {
    const browser = await openViewingBrowser();
    onCleanup(() => browser.close());
    return browser;
  })
  .extend('site', { scope: 'file' }, async ({ service }, { onCleanup }) => {
    const site = await openConsoleSite(service.url, service.apiKey);
    onCleanup(() => site[Symbol.asyncDispose]());
    return site;
  })
  /** Opens a page of the console. */
  .extend('open', async ({ viewing, site }, { onCleanup }) => {
    const opened: Page[] = [];
    onCleanup(async () => {
      await Promise.all(opened.map((page) => page.context().close()));
    });
    return async (path: string, options: BrowserContextOptions = {}) => {
      const viewport = { width: 1280, height: 800 };
      const page = await viewing.newPage({ viewport, bypassCSP: true, ...options });
      opened.push(page);
      await page.goto(`${site.origin}/console${path}`);
      return page;
    };
  });

/** What axe has to complain about; the live page has a test of its own. */
async function violationsOf(page: Page) {
  await page.evaluate(axe);
  return page.evaluate(`axe.run(document, { iframes: false }).then(({ violations }) =>
    violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`);
}

/** Shows the runtimes of every status; the result is how many ms the first one took to be drawn. */
const SHOW_ALL = `new Promise((resolve) => {
  const began = performance.now();
  document.querySelector('.segments input').click();
  const look = () => {
    const isThere = document.querySelector('[data-row="0"]') !== null;
    if (isThere) resolve(performance.now() - began);
    else requestAnimationFrame(look);
  };
  look();
})`;

test('a person creates a runtime, sees it live, and stops it', async ({ open, workspace }) => {
  const page = await open('/');
  await page.getByRole('heading', { name: 'No runtime yet' }).waitFor();
  expect(await violationsOf(page)).toEqual([]);
  await page.getByRole('button', { name: 'New runtime' }).click();
  const dialog = page.getByRole('dialog', { name: 'New runtime' });
  const alias = dialog.getByLabel('Alias');
  expect(await alias.inputValue()).toMatch(/^\w+-\w+-\d+$/);
  await alias.fill('not an alias');
  await dialog.getByLabel('Proxy', { exact: true }).selectOption('http');
  await dialog.getByLabel('Port').fill('99999');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await expect
    .poll(() => dialog.locator('.wrong').allInnerTexts())
    .toEqual([
      expect.stringContaining('Up to 128 letters'),
      'Not a host name or address',
      expect.stringContaining('65535'),
      '',
    ]);
  expect(await alias.evaluate('document.activeElement.name')).toBe('alias');
  expect(await violationsOf(page)).toEqual([]);
  await alias.fill('seen');
  await dialog.getByLabel('Video of its tabs').selectOption('Record');
  await dialog.getByLabel('Proxy', { exact: true }).selectOption('');
  await dialog.getByLabel('Workspace').selectOption(workspace.name);
  await dialog.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'seen', level: 1 }).waitFor();
  await page.frameLocator('iframe').locator('.stage[data-state=live]').waitFor();
  await page.getByText('runtime.launched').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Record again' }).click();
  await page.getByRole('button', { name: 'Change the proxy' }).click();
  await page.getByLabel('Host').fill('127.0.0.1');
  await page.getByLabel('Port').fill('1');
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await page
    .getByRole('form', { name: 'Change the proxy' })
    .getByRole('alert')
    .getByText(/./)
    .waitFor();
  await page.getByRole('button', { name: 'Revoke cdp' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('tab', { name: 'Selenium' }).click();
  await page.getByText('.usingServer(').waitFor();
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('heading', { name: 'Stopped' }).waitFor();
  await page.getByText('runtime.stopped').waitFor();
  await page.getByText(/^Ready/).waitFor();
  await page.getByRole('button', { name: 'Play' }).click();
  await page.frameLocator('iframe[title=Recording]').getByRole('slider').waitFor();
});

test('the list follows what happens, also when the service was out of reach', async ({
  open,
  site,
  service,
  workspace,
}) => {
  const page = await open(`/runtimes?workspace=${workspace.id}`);
  await page.getByText('There is no such runtime.').waitFor();
  const [one, two] = [await workspace.create(), await workspace.create()];
  const row = (alias: string) => page.getByRole('row').filter({ hasText: alias });
  await row(one.alias).getByText('Running').waitFor();
  await row(two.alias).locator('img').waitFor();
  const { target } = site;
  site.cut();
  await page.getByText('reconnecting').waitFor();
  await service.call('POST', `${workspace.runtimes}/${one.id}/stop`);
  site.target = target;
  await row(one.alias).getByText('Stopped').waitFor();
  await expect.poll(() => page.getByText('reconnecting').count()).toBe(0);
  await page.getByLabel('Filter by text').fill(two.alias);
  await expect.poll(() => page.getByRole('row').count()).toBe(2);
  await page.getByLabel('Filter by text').fill('');
  await page.getByLabel('Choose all that are shown').check();
  const chosen = page.getByRole('region', { name: 'Chosen runtimes' });
  await chosen.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('1 of the chosen stay as they are').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect.poll(() => row(one.alias).count()).toBe(0);
  await chosen.getByRole('button', { name: 'Restart' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click();
  await page.getByText('Restart: 1 of 1 done.').waitFor();
  expect((await service.call('GET', `${workspace.runtimes}/${two.id}`)).json.generation).toBe(2);
});

test('a thousand runtimes are a short page, which is there at once', async ({
  open,
  workspace,
  service,
}) => {
  const { id } = await workspace.create();
  const { json: runtime } = await service.call('GET', `${workspace.runtimes}/${id}`);
  const runtimes = Array.from({ length: 1000 }, (_, i) => ({
    ...runtime,
    id: `${id.slice(0, -4)}${1000 + i}`,
    alias: `r-${i}`,
    status: 'failed',
    failure: { code: 'runtime.lost', message: 'The service has no browser.' },
  }));
  const page = await open('/runtimes?status=stopped');
  await page.route('**/v1/runtimes**', (route) => route.fulfill({ json: { runtimes } }));
  await page.getByText('There is no such runtime').waitFor();
  // As it is drawn with all of them at once, which is more than the service answers.
  expect(await page.evaluate(SHOW_ALL)).toBeLessThan(3000);
  expect(await page.getByRole('row').count()).toBeLessThan(50);
  await page.locator('.table').evaluate('document.querySelector(".table").scrollTo(0, 1e9)');
  await page.getByRole('link', { name: 'r-999', exact: true }).waitFor();
});

test.for(['light', 'dark'] as const)(
  'axe finds nothing to complain about in %s colors, nor does a phone',
  async (colorScheme, { open, workspace }) => {
    const { id } = await workspace.create({ alias: 'seen' });
    const phone = { width: 360, height: 740 };
    const page = await open('/runtimes', { colorScheme, viewport: phone });
    await page.getByRole('link', { name: 'seen' }).waitFor();
    for (const path of ['/runtimes', `/runtimes/${workspace.id}/${id}`, '/capacity']) {
      const shown = await open(path, { colorScheme });
      const sign = { '/runtimes': 'seen', '/capacity': 'Drain' }[path] ?? 'runtime.launched';
      await shown.getByText(sign).first().waitFor();
      expect(await violationsOf(shown)).toEqual([]);
      await shown.setViewportSize(phone);
      expect(await shown.evaluate('document.documentElement.scrollWidth')).toBe(360);
    }
  },
);

test('the first page is no larger than 40 kB', async ({ site }) => {
  const page = await (await fetch(`${site.origin}/console`)).text();
  const names = [...page.matchAll(/assets\/[\w.-]+/g)].map(([name]) => name);
  const sizes = await Promise.all(
    names.map(async (name) => {
      const asset = await fetch(`${site.origin}/console/${name}`);
      return gzipSync(await asset.arrayBuffer()).length;
    }),
  );
  expect(sizes).toHaveLength(2);
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(40_000);
});
