import { expect, test } from 'vitest';
import { personaIdFor, personaOf } from '../../../src/runtime-manager/humanize/persona.ts';
import { PERSONA_ID_MAX } from '../../../src/runtime-manager/humanize/persona-id.ts';
import { planPath } from '../../../src/runtime-manager/humanize/pointer-path.ts';
import { normal, seededRandom } from '../../../src/runtime-manager/humanize/random.ts';
import { intervalMs } from '../../../src/runtime-manager/humanize/typing.ts';
import { mean, median } from '../../support/statistics.ts';

test('a seed gives the same numbers for ever', () => {
  const random = seededRandom('bctrl persona 1');
  expect([random(), random(), random()]).toEqual([
    0.7800860325805843, 0.25959171587601304, 0.8024060961324722,
  ]);
});

test('the numbers are evenly distributed, and normal ones normally', () => {
  const random = seededRandom('even');
  const even = Array.from({ length: 10_000 }, random);
  expect(mean(even)).toBeCloseTo(0.5, 1);
  expect(Math.min(...even)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...even)).toBeLessThan(1);
  const bell = Array.from({ length: 10_000 }, () => normal(random));
  expect(Math.abs(mean(bell))).toBeLessThan(0.03);
  expect(mean(bell.map((value) => value ** 2))).toBeCloseTo(1, 1);
});

test('a persona is the same for ever', () => {
  expect(personaOf(42)).toEqual({
    pointer: {
      startMs: 91.38019171077758,
      bitMs: 139.64432386681437,
      bow: -0.00138032175600529,
      bowSpread: 0.04154606818687171,
      tremorHz: 10.47088378854096,
      tremorPx: 0.5000593066681176,
      overshootRate: 0.07313947066431865,
      sampleMs: 9.653724666684866,
      settleMs: 41.790776476264,
      pressMs: 98.81765836849809,
      againMs: 71.5675688534975,
      landingSpread: 0.3870399570791051,
    },
    wheel: { stepPx: 34.75637079589069, intervalMs: 19.413884365931153 },
    typing: {
      intervalMs: 157.65710315667093,
      intervalSigma: 0.25954362060176206,
      dwellMs: 108.73054611496627,
      dwellSigma: 0.2078526907390915,
      handMs: 20.476272016530856,
      wordMs: 79.48411279823631,
      doubtRate: 0.015873830802738666,
      doubtMs: 492.66783794155344,
    },
  });
});

test.for([0, 1, 42, PERSONA_ID_MAX])('persona %i has the values of a person', (id) => {
  const { pointer, typing } = personaOf(id);
  expect(1000 / pointer.bitMs).toBeGreaterThan(5);
  expect(1000 / pointer.bitMs).toBeLessThan(10);
  expect(pointer.pressMs).toBeGreaterThan(50);
  expect(60_000 / typing.intervalMs / 5).toBeGreaterThan(50);
  expect(60_000 / typing.intervalMs / 5).toBeLessThan(140);
});

test('personas differ in what can be measured of them', () => {
  // The same person on another day differs less than two of ten people do.
  const people = Array.from(
    { length: 10 },
    (_, id) => [measure(id, 'a'), measure(id, 'b')] as const,
  );
  for (const what of ['move', 'key'] as const) {
    const within = mean(people.map(([one, other]) => Math.abs(one[what] - other[what])));
    const between = mean(
      people.flatMap(([one], at) =>
        people.slice(at + 1).map(([other]) => Math.abs(one[what] - other[what])),
      ),
    );
    expect(between).toBeGreaterThan(4 * within);
  }
});

test('an identity without a persona gets one of its own', () => {
  const ids = Array.from({ length: 1000 }, (_, at) => personaIdFor(`profile ${at}`));
  expect(new Set(ids).size).toBe(1000);
  expect(personaIdFor('profile 0')).toBe(ids[0]);
  for (const id of ids) {
    expect(Number.isInteger(id) && id >= 0 && id <= PERSONA_ID_MAX).toBe(true);
  }
});

/** What a page could measure of a person. */
function measure(id: number, seed: string): { move: number; key: number } {
  const persona = personaOf(id);
  const random = seededRandom(seed);
  const aim = {
    from: { x: 100, y: 100 },
    to: { x: 700, y: 400 },
    targetPx: 40,
    mayOvershoot: false,
    maxMs: 10_000,
  };
  const moves = Array.from({ length: 100 }, () => planPath(aim, persona, random).at(-1)?.atMs ?? 0);
  const keys = Array.from({ length: 300 }, () => intervalMs('h', 'e', persona, random));
  return { move: median(moves), key: median(keys) };
}
