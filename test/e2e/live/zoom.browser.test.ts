/** The live page on a phone, which shows a page that was made for a desk. */
import type { Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import type { Rectangle } from '../../../src/runtime-manager/live/messages.ts';
import { control, test, TABS, touchOf, type Viewer } from '../../support/live-viewer.ts';

const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 3,
  hasTouch: true,
  reducedMotion: 'reduce',
} as const;

async function boxOf({ page }: Viewer) {
  const box = await page.locator('canvas').boundingBox();
  if (!box) throw new Error('there is no picture');
  return { ...box, scale: box.width / 1280 };
}

/** Windows are used again. */
async function resize(page: Page, width: number, height: number): Promise<void> {
  onTestFinished(() => page.setViewportSize(PHONE.viewport));
  await page.setViewportSize({ width, height });
}

/** Two fingers part, or come together, around a point of the window, and then go on by `by`. */
async function pinch(viewer: Viewer, { ratio, by = 0 }: { ratio: number; by?: number }) {
  const touch = await touchOf(viewer);
  const { y } = await boxOf(viewer);
  const [near, far] = ratio > 1 ? [20, 20 * ratio] : [20 / ratio, 20];
  const fingers = (spread: number, dx = 0) => [
    { x: 150 - spread + dx, y: y + 100, id: 1 },
    { x: 150 + spread + dx, y: y + 100, id: 2 },
  ];
  const [one] = fingers(near);
  if (one) await touch('touchStart', one);
  await touch('touchStart', ...fingers(near));
  for (let step = 1; step <= 4; step++) {
    await touch('touchMove', ...fingers(near + ((far - near) * step) / 4));
  }
  if (by !== 0) await touch('touchMove', ...fingers(far, by));
  const [left] = fingers(far, by);
  if (left) await touch('touchMove', left);
  await touch('touchEnd');
  await viewer.said('ack');
}

test('two fingers make the picture larger and move it, and the page hears of none of them', async ({
  open,
}) => {
  const viewer = await open(PHONE);
  const { page, at, said } = viewer;
  const before = await boxOf(viewer);
  expect(before.width).toBe(390);
  await pinch(viewer, { ratio: 3 });
  const after = await boxOf(viewer);
  expect(after.width).toBeCloseTo(3 * 390, 0);
  // What was between the fingers is there still.
  expect((150 - after.x) / after.scale).toBeCloseTo(150 / before.scale, 0);
  const touches = await said('touch');
  expect(touches.map(({ type }) => type)).toEqual(['start', 'cancel']);
  expect(touches[1]?.points).toEqual([]);
  await pinch(viewer, { ratio: 1.0001, by: -60 });
  expect((await boxOf(viewer)).x).toBeCloseTo(after.x - 60, 0);
  // The next finger is the page's again, and reaches what it is on.
  await page.touchscreen.tap(...(await at(640, 300)));
  const taps = (await said('touch')).slice(-2);
  expect(taps[0]?.points).toEqual([{ id: 0, x: 640, y: 300 }]);
  expect(taps.map(({ type }) => type)).toEqual(['start', 'end']);
  expect(await said('mouse')).toEqual([]);
  await pinch(viewer, { ratio: 0.2 });
  expect(await boxOf(viewer)).toEqual(before);
});

test('a larger picture has more room, which is told when it is done', async ({ open }) => {
  const viewer = await open(PHONE);
  const rooms = async () => (await viewer.said('room')).map(({ width }) => width);
  await expect.poll(rooms).toEqual([1170]);
  await pinch(viewer, { ratio: 2 });
  await expect.poll(rooms).toEqual([1170, 2340]);
});

test('a finger is no touch for the page yet while programs drive, since two only zoom', async ({
  open,
}) => {
  const viewer = await open(PHONE);
  const { page, peer, at, said } = viewer;
  peer.say(control({ driver: 'agent' }));
  await page.getByText('Program drives').waitFor();
  await pinch(viewer, { ratio: 2 });
  expect((await boxOf(viewer)).width).toBeCloseTo(780, 0);
  expect(await said('touch')).toEqual([]);
  await page.touchscreen.tap(...(await at(300, 200)));
  expect((await said('touch')).map(({ type }) => type)).toEqual(['start', 'end']);
});

test('the button makes the page readable, and shows all of it again', async ({ open }) => {
  const viewer = await open(PHONE);
  const { page, peer, at } = viewer;
  const button = page.getByRole('button', { name: 'Zoom in' });
  const width = async () => (await boxOf(viewer)).width;
  await button.tap();
  await expect.poll(width).toBe(1280);
  // Where pages begin, in their middle.
  expect((await boxOf(viewer)).x).toBe((390 - 1280) / 2);
  expect(await button.getAttribute('aria-pressed')).toBe('true');
  await button.focus();
  await page.keyboard.press('Enter');
  await expect.poll(width).toBe(390);
  // And then around the last touch.
  const touched = await at(300, 200);
  await page.touchscreen.tap(...touched);
  await button.tap();
  await expect.poll(width).toBe(1280);
  expect((await at(300, 200))[0]).toBeCloseTo(touched[0], 0);
  peer.say({ ...TABS, turn: 2 });
  await expect.poll(width).toBe(390);
  // On its side the phone has more room, but not enough.
  await button.tap();
  await resize(page, 844, 390);
  await expect.poll(async () => (await boxOf(viewer)).scale).toBe(1);
});

test('a mouse has no button for it', async ({ open }) => {
  const { page } = await open();
  expect(await page.getByRole('button', { name: 'Zoom in' }).isVisible()).toBe(false);
});

test('a page that is readable as a whole needs no button', async ({ open, paint }) => {
  const { page, peer } = await open(PHONE);
  await page.getByRole('button', { name: 'Zoom in' }).waitFor();
  peer.show({ image: await paint('#f00'), turn: 1, seq: 2, width: 390, height: 800 });
  await page.getByRole('button', { name: 'Zoom in' }).waitFor({ state: 'detached' });
});

test('whoever only watches moves the picture with one finger, and zooms with two taps', async ({
  open,
}) => {
  const viewer = await open({ ...PHONE, hello: { isInteractive: false } });
  const { page, peer, at } = viewer;
  const spot = await at(640, 200);
  await page.touchscreen.tap(...spot);
  expect((await boxOf(viewer)).width).toBe(390);
  await page.touchscreen.tap(...spot);
  await expect.poll(async () => (await boxOf(viewer)).width).toBe(1280);
  const { x } = await boxOf(viewer);
  expect(x + 640).toBeCloseTo(spot[0], 0);
  const touch = await touchOf(viewer);
  await touch('touchStart', { x: 200, y: 300, id: 1 });
  for (const moved of [170, 140]) await touch('touchMove', { x: moved, y: 300, id: 1 });
  await touch('touchEnd');
  await expect.poll(async () => (await boxOf(viewer)).x).toBeCloseTo(x - 60, 0);
  await viewer.said('ack');
  expect(new Set(peer.said.map(({ t }) => t))).toEqual(new Set(['ack', 'room']));
});

test('a list is beside its element while the picture is large, and goes with it', async ({
  open,
}) => {
  const viewer = await open(PHONE);
  const { page, peer, at, said } = viewer;
  const AT: Rectangle = [400, 80, 200, 30];
  await pinch(viewer, { ratio: 3 });
  const option = { label: 'One', group: null, isDisabled: false, isSelected: false };
  peer.say({ t: 'popup', popup: 'p', at: AT, isMultiple: false, options: [option] });
  const isBeside = async () => {
    const [left, bottom] = await at(400, 110);
    const list = await page.locator('.popup').boundingBox();
    expect(list?.x).toBeCloseTo(Math.max(8, left), -0.5);
    expect(list?.y).toBeCloseTo(bottom + 2, -0.5);
  };
  await isBeside();
  await pinch(viewer, { ratio: 1.0001, by: 30 });
  await isBeside();
  // Moving the view is no touch elsewhere.
  await page.getByRole('option').click();
  expect(await said('choose')).toEqual([{ t: 'choose', popup: 'p', options: [0] }]);
});

test('a field that a tap gave the focus is made readable, and the keyboard is offered', async ({
  open,
}) => {
  const viewer = await open(PHONE);
  const { page, peer, at, said } = viewer;
  const AT: Rectangle = [900, 400, 300, 40];
  const button = page.getByRole('button', { name: 'Type into the field' });
  const mode = () => page.locator('#keys').getAttribute('inputmode');
  // What a finger did before that was no tap.
  peer.say({ t: 'field', at: AT, isChosen: true, kind: 'text' });
  await button.waitFor();
  expect((await boxOf(viewer)).width).toBe(390);
  peer.say({ t: 'field', at: null, isChosen: false, kind: 'text' });
  await button.waitFor({ state: 'detached' });
  await page.touchscreen.tap(...(await at(1000, 420)));
  await said('touch');
  peer.say({ t: 'field', at: AT, isChosen: true, kind: 'email' });
  await expect.poll(async () => (await boxOf(viewer)).width).toBe(1280);
  const [middle] = await at(1050, 420);
  expect(middle).toBeCloseTo(195, 0);
  expect(await mode()).toBe('email');
  await button.tap();
  expect(await page.evaluate('document.activeElement.id')).toBe('keys');
  // The keyboard takes half of the window, and the field is in the other half.
  await resize(page, 390, 450);
  await button.waitFor({ state: 'detached' });
  const stage = await page.locator('main').boundingBox();
  await expect.poll(async () => (await at(1050, 440))[1]).toBeLessThan(430);
  expect((await at(1050, 400))[1]).toBeGreaterThan(stage?.y ?? 0);
  // A tap beside it ends that.
  await page.touchscreen.tap(...(await at(1050, 560)));
  await said('touch');
  peer.say({ t: 'field', at: null, isChosen: false, kind: 'text' });
  await expect.poll(mode).toBe('none');
});

test('a keyboard that is laid over the window leaves the field in sight', async ({ open }) => {
  const viewer = await open(PHONE);
  const { page, peer, at, said } = viewer;
  await page.touchscreen.tap(...(await at(1000, 600)));
  await said('touch');
  peer.say({ t: 'field', at: [900, 600, 300, 40], isChosen: true, kind: 'text' });
  await page.getByRole('button', { name: 'Type into the field' }).waitFor();
  const overlay = (height: number) =>
    page.evaluate(`{
      Object.defineProperty(visualViewport, 'height', { value: ${height}, configurable: true });
      visualViewport.dispatchEvent(new Event('resize'));
    }`);
  await overlay(480);
  await expect.poll(async () => (await at(1050, 640))[1]).toBeLessThan(480);
  const stage = await page.locator('main').boundingBox();
  expect((stage?.y ?? 0) + (stage?.height ?? 0)).toBe(480);
  await overlay(844);
  await expect
    .poll(async () => (await page.locator('main').boundingBox())?.height)
    .toBeGreaterThan(600);
});
