import { expect, test } from 'vitest';
import { fit, place, type Look } from '../../../src/console/live/fit.ts';
import {
  between,
  isReadable,
  isZoomed,
  lookAtField,
  pinch,
  readableAt,
  whole,
} from '../../../src/console/live/look.ts';

const PHONE = { width: 390, height: 700 };
const DESK = { width: 1280, height: 720 };
const FITS = { stage: PHONE, page: DESK, look: undefined };

function placeOf(look: Look | undefined, stage = PHONE) {
  return place(stage, DESK, look);
}

test('all of the page is seen, below the bar', () => {
  expect(fit(PHONE, DESK, 3)).toEqual({
    left: 0,
    top: 0,
    width: 390,
    height: expect.closeTo(219.33, 2),
    scale: 390 / 1280,
  });
  expect(fit({ width: 1000, height: 700 }, DESK, 1)).toMatchObject({ left: 0, top: 0 });
});

test('the edges of the picture are on physical pixels, however it is looked at', () => {
  const look = pinch(FITS, { from: { x: 133, y: 71 }, to: { x: 131.3, y: 77.7 }, ratio: 2.37 });
  const { left, top, width, height } = fit(PHONE, DESK, 3, look);
  for (const length of [left, top, width, height]) {
    expect(length * 3).toBeCloseTo(Math.round(length * 3), 6);
  }
});

test('what is below the fingers goes with them', () => {
  const look = pinch(FITS, { from: { x: 200, y: 100 }, to: { x: 190, y: 110 }, ratio: 3 });
  const { left, top, scale } = placeOf(look);
  const before = placeOf(undefined);
  expect(scale).toBeCloseTo(3 * before.scale);
  expect((190 - left) / scale).toBeCloseTo(200 / before.scale);
  // The picture is lower than the stage, and stays below the bar.
  expect(top).toBe(0);
});

test('no edge of the picture comes into the stage, and its size has limits', () => {
  let look: Look | undefined;
  for (let i = 0; i < 10; i++) {
    look = pinch({ ...FITS, look }, { from: { x: 1, y: 1 }, to: { x: 300, y: 300 }, ratio: 1.5 });
  }
  expect(placeOf(look)).toEqual({ left: 0, top: 0, scale: 1.5 });
  look = pinch(
    { ...FITS, look },
    { from: { x: 300, y: 300 }, to: { x: -5000, y: -5000 }, ratio: 1 },
  );
  expect(placeOf(look)).toEqual({ left: 390 - 1920, top: 700 - 1080, scale: 1.5 });
  look = pinch({ ...FITS, look }, { from: { x: 0, y: 0 }, to: { x: 0, y: 0 }, ratio: 0.01 });
  expect(placeOf(look)).toEqual(placeOf(undefined));
  expect(isZoomed({ ...FITS, look })).toBe(false);
});

test('what is looked at stays in its place when the stage changes', () => {
  const look = { scale: 1, page: { x: 640, y: 360 }, stage: { x: 0.5, y: 0.25 } };
  for (const stage of [PHONE, { width: 390, height: 300 }, { width: 844, height: 250 }]) {
    const { left, top, scale } = placeOf(look, stage);
    expect(scale).toBe(1);
    expect(left + 640).toBeCloseTo(stage.width / 2);
    expect(top + 360).toBeCloseTo(Math.max(stage.height / 4, 360 - (720 - stage.height)));
  }
  // In a large window all of the page is seen.
  expect(placeOf(look, { width: 2560, height: 1440 })).toEqual({ left: 0, top: 0, scale: 2 });
});

test('a page is readable where it was touched, and a page of a phone is anyway', () => {
  const look = readableAt(FITS, { x: 195, y: 100 });
  const { left, scale } = placeOf(look);
  expect([scale, left + 640]).toEqual([1, expect.closeTo(195)]);
  expect(isReadable(FITS)).toBe(false);
  expect(isReadable({ ...FITS, page: { width: 390, height: 844 } })).toBe(true);
});

test('a field is brought into the upper part of the stage, large enough to be read', () => {
  const look = lookAtField(FITS, [900, 400, 300, 40]);
  const { left, top, scale } = placeOf(look);
  expect(scale).toBe(1);
  expect(left + 1050).toBeCloseTo(195);
  expect(top + 420).toBeCloseTo(400);
  // Once it is there, nothing moves.
  const shown = { ...FITS, stage: { width: 390, height: 400 }, look };
  expect(lookAtField(shown, [900, 400, 300, 40])).toBeUndefined();
  expect(lookAtField(shown, [100, 400, 300, 40])).toMatchObject({ page: { x: 250, y: 420 } });
  // One that is a little too wide is made to fit.
  expect(lookAtField(FITS, [100, 100, 420, 40])?.scale).toBeCloseTo(366 / 420);
  expect(lookAtField(FITS, [100, 100, 600, 40])?.scale).toBe(1);
});

test('of a field that is larger than the stage, the part that was touched is seen', () => {
  const tap = { x: 1000, y: 500 };
  expect(lookAtField(FITS, [0, -200, 1280, 4000], tap)?.page).toEqual(tap);
  // A page may have the field that takes its keys where nobody sees it.
  expect(lookAtField(FITS, [-9999, 0, 10, 10], tap)?.page).toEqual({ x: 1000.5, y: 500.5 });
});

test('a movement begins with what is shown, and ends with what is to be shown', () => {
  const look = readableAt(FITS, { x: 300, y: 50 });
  const start = placeOf(between(FITS, look, 0));
  expect(start.scale).toBeCloseTo(placeOf(undefined).scale);
  expect(start.left).toBeCloseTo(0);
  expect(placeOf(between(FITS, look, 1))).toEqual(placeOf(look));
  expect(placeOf(whole({ ...FITS, look }))).toEqual(placeOf(undefined));
});
