import { expect } from '@playwright/test';
import { test } from './fixtures.ts';

test('the page has a heading', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading').first()).toBeVisible();
});

test('each test has a context of its own', async ({ context }) => {
  expect(await context.cookies()).toEqual([]);
});
