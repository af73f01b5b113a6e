/** The pages of recordings in a person's browser, with a service and its runtimes. */
import { stat } from 'node:fs/promises';
import puppeteer from 'puppeteer-core';
import { expect } from 'vitest';
import { NO_VIOLATIONS, test, violationsAnywhere } from '../../support/console-test.ts';
import { openSite } from '../../support/site.ts';

test('a person finds a recording, plays it, saves it, and deletes it', async ({
  open,
  workspace,
}) => {
  const page = await open('/recordings');
  await page.getByRole('heading', { name: 'No recordings yet' }).waitFor();
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);

  const { id, connection } = await workspace.create({ alias: 'filmed', recording: true });
  const browser = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  const [tab] = await browser.pages();
  await tab?.goto(await openSite('<title>the shop</title><h1>welcome'));
  await browser.disconnect();
  await page.reload();
  const row = page.getByRole('row').filter({ hasText: 'filmed' });
  await row.getByText('Recording').waitFor();
  await workspace.stop(id);
  // Nobody loads the page again.
  await expect.poll(() => row.getByText('Ready').count()).toBe(1);
  await page.getByText('1 recording', { exact: true }).waitFor();
  await page.getByLabel('Filter by text').fill('no such');
  await page.getByText('Nothing that is loaded fits').waitFor();
  await page.getByLabel('Filter by text').fill(`${workspace.name} filmed`);
  await page.getByLabel('Expired').check();
  await page.getByText('0 recordings').waitFor();
  await page.getByLabel('Ready', { exact: true }).check();
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);

  await page.getByRole('link', { name: 'filmed' }).click();
  await page.getByRole('heading', { name: 'filmed', level: 1 }).waitFor();
  const player = page.frameLocator('iframe[title="Recording of filmed"]');
  await player.getByRole('slider').waitFor();
  await page.getByRole('listitem').filter({ hasText: 'the shop' }).waitFor();
  expect(await violationsAnywhere(page)).toEqual(NO_VIOLATIONS);
  const saved = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download MP4 (AV1) filmed-tab-1.mp4' }).click();
  expect((await saved).suggestedFilename()).toBe('filmed-tab-1.mp4');
  expect((await stat(await (await saved).path())).size).toBeGreaterThan(100);

  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { name: 'No recordings yet' }).waitFor();
  await page.goBack();
  await page.getByRole('link', { name: 'All recordings' }).waitFor();
});

test('recordings come in pages, and more of them on request', async ({ open, workspace }) => {
  const { id } = await workspace.create();
  const of = { runtimeId: id, workspaceId: workspace.id, generation: 1 };
  const options = { pauseWhileHumanDrives: false, keepQueries: false, diagnostics: false };
  const recordings = Array.from({ length: 3 }, (_, i) => ({
    ...of,
    id: `${id.slice(0, -1)}${i}`,
    alias: `r-${i}`,
    status: 'expired',
    isRecording: false,
    options,
    startedAt: new Date(2026, 0, 3 - i).toISOString(),
    endedAt: new Date(2026, 0, 4 - i).toISOString(),
    durationMs: 86_400_000,
    sizeBytes: 0,
  }));
  const page = await open('/capacity');
  await page.route('**/v1/recordings?limit=*', (route) => {
    const from = Number(new URL(route.request().url()).searchParams.get('cursor') ?? '0');
    const nextCursor = from < 2 ? String(from + 2) : undefined;
    return route.fulfill({ json: { recordings: recordings.slice(from, from + 2), nextCursor } });
  });
  await page.getByRole('link', { name: 'Recordings' }).click();
  await page.getByText('2+ recordings').waitFor();
  await page.getByRole('button', { name: 'Load more' }).click();
  await page.getByText('3 recordings').waitFor();
  await page.getByRole('cell', { name: '24:00:00' }).last().waitFor();
  expect(await page.getByRole('button', { name: 'Load more' }).count()).toBe(0);
});
