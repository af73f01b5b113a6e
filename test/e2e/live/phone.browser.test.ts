/** A person with a phone drives a browser whose pages were made for a desk. */
import { expect } from 'vitest';
import { INTERACTIVE, liveTest } from '../../support/live-test.ts';
import { touchOf } from '../../support/live-viewer.ts';

const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 3,
  hasTouch: true,
  reducedMotion: 'reduce',
} as const;

const test = liveTest();

test('two fingers zoom, of which the page hears that the first is gone, and a tap then reaches its place', async ({
  seen: { input },
  open,
}) => {
  const live = await open(INTERACTIVE, PHONE);
  await live.press('Take control');
  await live.says('You drive');
  const touch = await touchOf(live);
  const [x, y] = await live.at(90, 25);
  const fingers = (spread: number) => [
    { x: x - spread, y, id: 1 },
    { x: x + spread, y, id: 2 },
  ];
  await touch('touchStart', ...fingers(8).slice(0, 1));
  await input.noted('touchstart button true ');
  await touch('touchStart', ...fingers(8));
  for (const spread of [12, 16, 20, 24]) await touch('touchMove', ...fingers(spread));
  await touch('touchEnd');
  await input.noted('touchcancel button true ');
  const width = async () => (await live.page.locator('canvas').boundingBox())?.width;
  await expect.poll(width).toBeCloseTo(3 * 390, 0);
  const touches = (await input.notes()).filter((note) => /^(touch|click)/.test(note));
  expect(touches).toEqual(['touchstart button true ', 'touchcancel button true ']);
  await live.page.touchscreen.tap(...(await live.at(100, 375)));
  await input.noted('touchstart to true ', 'touchend to true ', 'click to true ');
});

test('a tap into a field makes it readable, and what is typed is typed there', async ({
  seen: { input },
  open,
}) => {
  const live = await open(INTERACTIVE, PHONE);
  const { page } = live;
  const width = async () => (await page.locator('canvas').boundingBox())?.width ?? 0;
  await page.touchscreen.tap(...(await live.at(60, 75)));
  await page.getByRole('button', { name: 'Type into the field' }).waitFor();
  await expect.poll(width).toBeGreaterThan(1000);
  await page.keyboard.type('Hello');
  await input.hasValue('#text', 'Hello');
  await page.touchscreen.tap(...(await live.at(60, 125)));
  // The list has the keys, though the field has lost the focus.
  const list = page.getByRole('listbox');
  await list.waitFor();
  const [, bottom] = await live.at(10, 140);
  expect((await page.locator('.popup').boundingBox())?.y).toBeCloseTo(bottom + 2, -0.5);
  await page.getByRole('button', { name: 'Type into the field' }).waitFor({ state: 'detached' });
  await page.keyboard.press('g');
  await page.keyboard.press('Enter');
  await input.hasValue('#list', 'Gamma');
});
