import fc from 'fast-check';
import { expect, test } from 'vitest';
import { personaOf } from '../../../src/runtime-manager/humanize/persona.ts';
import {
  distance,
  minimumJerk,
  movementMs,
  planPath,
  type PathPoint,
  type Point,
} from '../../../src/runtime-manager/humanize/pointer-path.ts';
import { seededRandom } from '../../../src/runtime-manager/humanize/random.ts';
import { correlation, mean } from '../../support/statistics.ts';

const persona = personaOf(7);
const from = { x: 80, y: 90 };
const to = { x: 780, y: 490 };
const lengthPx = distance(from, to);

function plan(seed: string, extra: Partial<Parameters<typeof planPath>[0]> = {}, who = persona) {
  const aim = { from, to, targetPx: 30, mayOvershoot: false, maxMs: 5000 };
  return planPath({ ...aim, ...extra }, who, seededRandom(seed));
}

const many = (length: number, extra = {}, who = persona) =>
  Array.from({ length }, (_, at) => plan(`path ${at}`, extra, who));

/** How far a point lies along the straight path, and how far beside it. */
function along({ x, y }: Point): { done: number; aside: number } {
  const [ux, uy] = [(to.x - from.x) / lengthPx, (to.y - from.y) / lengthPx];
  const [dx, dy] = [x - from.x, y - from.y];
  return { done: dx * ux + dy * uy, aside: dy * ux - dx * uy };
}

test('a path ends exactly at its target, in time and in order, wherever the target is', () => {
  const place = fc.record({
    x: fc.integer({ min: 0, max: 3000 }),
    y: fc.double({ min: 0, max: 2000, noNaN: true }),
  });
  const property = fc.property(
    place,
    place,
    fc.integer({ min: 0, max: 4000 }),
    fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    (start, end, maxMs, id) => {
      const aim = { from: start, to: end, targetPx: 12, mayOvershoot: true, maxMs };
      const path = planPath(aim, personaOf(id), seededRandom(`way ${id}`));
      expect(path.at(-1)).toMatchObject(end);
      expect(path.at(-1)?.atMs).toBeLessThanOrEqual(maxMs);
      for (const [at, { x, y, atMs }] of path.entries()) {
        expect(x >= 0 && y >= 0 && atMs >= (path[at - 1]?.atMs ?? 0)).toBe(true);
      }
    },
  );
  fc.assert(property, { numRuns: 500, seed: 1 });
});

test('the same random numbers give the same path, and others give another', () => {
  expect(plan('one')).toEqual(plan('one'));
  expect(plan('one')).not.toEqual(plan('two'));
});

test('positions come as often as a mouse and a screen give them', () => {
  for (const path of many(50)) {
    const durationMs = path.at(-1)?.atMs ?? 0;
    expect(durationMs).toBeGreaterThan(400);
    expect(path.length).toBeGreaterThan(durationMs / 30);
    expect(path.length).toBeLessThan(durationMs / 7);
  }
});

test('the speed follows a bell curve: slow, fast, slow', () => {
  for (const path of many(50)) {
    const speeds = speedsOf(path);
    const third = Math.floor(speeds.length / 3);
    const [first, middle, last] = [
      mean(speeds.slice(0, third)),
      mean(speeds.slice(third, 2 * third)),
      mean(speeds.slice(-third)),
    ];
    expect(middle).toBeGreaterThan(1.5 * first);
    expect(middle).toBeGreaterThan(1.5 * last);
  }
});

test('the course is that of minimum jerk', () => {
  expect(minimumJerk(0)).toBe(0);
  expect(minimumJerk(0.5)).toBe(0.5);
  expect(minimumJerk(1)).toBe(1);
  for (const path of many(20)) {
    const durationMs = path.at(-1)?.atMs ?? 1;
    const done = path.map((point) => along(point).done / lengthPx);
    const expected = path.map(({ atMs }) => minimumJerk(atMs / durationMs));
    expect(correlation(done, expected)).toBeGreaterThan(0.999);
  }
});

test('each path is bowed by its own amount, and never far', () => {
  const bows = many(100).map((path) =>
    Math.max(...path.map((point) => Math.abs(along(point).aside))),
  );
  for (const bow of bows) expect(bow).toBeLessThan(0.3 * lengthPx);
  expect(mean(bows)).toBeGreaterThan(0.01 * lengthPx);
  expect(new Set(bows.map(Math.round)).size).toBeGreaterThan(20);
});

test("a path takes as long as Fitts' law says", () => {
  const cases = [4, 16, 64].flatMap((targetPx) =>
    [100, 300, 900].map((length) => ({ targetPx, to: { x: from.x + length, y: from.y } })),
  );
  const expected = cases.map((one) => movementMs(distance(from, one.to), one.targetPx, persona));
  const taken = cases.map((one) => mean(many(60, one).map((path) => path.at(-1)?.atMs ?? 0)));
  for (const [at, ms] of taken.entries()) {
    expect(Math.abs(ms / (expected[at] ?? 1) - 1)).toBeLessThan(0.08);
  }
  expect(correlation(taken, expected)).toBeGreaterThan(0.98);
});

test('a path overshoots and comes back as often as the persona does', () => {
  const rate = many(400, { mayOvershoot: true }).filter(isBeyond).length / 400;
  expect(Math.abs(rate - persona.pointer.overshootRate)).toBeLessThan(0.06);
  expect(many(100).some(isBeyond)).toBe(false);
});

function isBeyond(path: PathPoint[]): boolean {
  return path.some((point) => along(point).done > lengthPx + 3);
}

function speedsOf(path: PathPoint[]): number[] {
  return path.slice(1).map((point, at) => {
    const before = path[at] ?? point;
    return distance(before, point) / Math.max(1, point.atMs - before.atMs);
  });
}
