/** The console in a person's browser, with a service and its runtimes. */
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { test as base, violationsOf } from '../../support/console-test.ts';
import { Forwarder } from '../../support/forwarder.ts';

/** How the service is reached, until that is cut. */
const test = base.extend('way', { scope: 'file' }, async ({ service }, { onCleanup }) => {
  const way = await Forwarder.open({ to: Number(new URL(service.url).port) });
  onCleanup(() => way[Symbol.asyncDispose]());
  return way;
});

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
  await page.getByRole('heading', { name: 'No runtimes yet' }).waitFor();
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
  await dialog.getByLabel('Videos of the tabs').selectOption('Record');
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
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await page.frameLocator('iframe[title=Recording]').getByRole('slider').waitFor();
});

test('the list follows what happens, also when the service was out of reach', async ({
  open,
  way,
  service,
  workspace,
}) => {
  const page = await open('');
  // Cookies do not tell ports apart.
  await page.goto(`http://${way.host}:${way.port}/console/runtimes?workspace=${workspace.id}`);
  await page.getByText('There is no such runtime.').waitFor();
  const [one, two] = [await workspace.create(), await workspace.create()];
  const row = (alias: string) => page.getByRole('row').filter({ hasText: alias });
  await row(one.alias).getByText('Running').waitFor();
  await row(two.alias).locator('img').waitFor();
  await way.cut();
  await page.getByText('reconnecting').waitFor();
  await service.call('POST', `${workspace.runtimes}/${one.id}/stop`);
  await way.restore();
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
  // In pages, as the service answers.
  await page.route('**/v1/runtimes?limit=*', (route) => {
    const query = new URL(route.request().url()).searchParams;
    const from = Number(query.get('cursor') ?? '0');
    const to = from + Number(query.get('limit'));
    const nextCursor = to < runtimes.length ? String(to) : undefined;
    return route.fulfill({ json: { runtimes: runtimes.slice(from, to), nextCursor } });
  });
  await page.getByText('There is no such runtime').waitFor();
  const took = await page.evaluate(SHOW_ALL);
  expect(took).toBeLessThan(3000);

  expect(await page.getByRole('row').count()).toBeLessThan(50);
  // The list may have more to load when it is scrolled to its end for the first time.
  const last = page.getByRole('link', { name: 'r-999', exact: true });
  await expect
    .poll(async () => {
      await page.locator('.table').evaluate('document.querySelector(".table").scrollTo(0, 1e9)');
      return last.count();
    })
    .toBe(1);
});

test('axe finds nothing to complain about in light and in dark colors, and a phone is wide enough', async ({
  open,
  workspace,
}) => {
  const { id } = await workspace.create({ alias: 'seen' });
  const pages = [
    ['/runtimes', 'seen'],
    [`/runtimes/${workspace.id}/${id}`, 'runtime.launched'],
    ['/capacity', 'Drain'],
  ] as const;
  for (const [path, sign] of pages) {
    const page = await open(path, { colorScheme: 'light' });
    await page.getByText(sign).first().waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await violationsOf(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  }
});

test('the first page is no larger than 40 kB', async ({ signedIn }) => {
  const page = await (await fetch(signedIn.address)).text();
  const names = [...page.matchAll(/console\/assets\/[\w.-]+/g)].map(([name]) => name);
  const sizes = await Promise.all(
    names.map(async (name) => {
      const asset = await fetch(new URL(name, signedIn.address));
      return gzipSync(await asset.arrayBuffer()).length;
    }),
  );
  expect(sizes).toHaveLength(3);
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(40_000);
});
