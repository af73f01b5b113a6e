import fc from 'fast-check';
import { expect, test } from 'vitest';
import { personaOf } from '../../../src/runtime-manager/humanize/persona.ts';
import { seededRandom } from '../../../src/runtime-manager/humanize/random.ts';
import { planScroll } from '../../../src/runtime-manager/humanize/wheel.ts';

test('a scroll becomes many small ones with the same sum, within the time', () => {
  const delta = fc.oneof(
    fc.integer({ min: -2000, max: 2000 }),
    fc.integer({ min: -(10 ** 9), max: 10 ** 9 }),
  );
  const property = fc.property(
    delta,
    delta,
    fc.integer({ min: 0, max: 3000 }),
    fc.nat(),
    (deltaX, deltaY, maxMs, id) => {
      const persona = personaOf(id);
      const steps = planScroll({ deltaX, deltaY }, maxMs, persona, seededRandom(`${id}`));
      expect(steps.reduce((sum, step) => sum + step.deltaX, 0)).toBe(deltaX);
      expect(steps.reduce((sum, step) => sum + step.deltaY, 0)).toBe(deltaY);
      expect(steps.at(-1)?.atMs ?? 0).toBeLessThanOrEqual(maxMs);
      expect(steps.length).toBeLessThanOrEqual(Math.max(1, maxMs / persona.wheel.intervalMs));
      for (const step of steps) {
        expect(Math.sign(step.deltaY) * Math.sign(deltaY)).toBeGreaterThanOrEqual(0);
      }
    },
  );
  fc.assert(property, { numRuns: 300, seed: 1 });
});

test('the steps of a scroll are those of the persona, where there is time for them', () => {
  const persona = personaOf(5);
  const steps = planScroll({ deltaX: 0, deltaY: 900 }, 5000, persona, seededRandom('steps'));
  expect(steps.length).toBeGreaterThan(10);
  for (const { deltaY } of steps) {
    expect(deltaY).toBeLessThanOrEqual(persona.wheel.stepPx * 1.1 + 1);
  }
});

test('fractions of a pixel come last', () => {
  const steps = planScroll({ deltaX: 120.5, deltaY: 0 }, 3000, personaOf(5), seededRandom('parts'));
  expect(steps.slice(0, -1).every(({ deltaX }) => Number.isInteger(deltaX))).toBe(true);
  expect(steps.reduce((sum, { deltaX }) => sum + deltaX, 0)).toBe(120.5);
});

test('a scroll eases in and out', () => {
  const steps = planScroll({ deltaX: 0, deltaY: 1200 }, 5000, personaOf(3), seededRandom('ease'));
  const middle = steps[Math.floor(steps.length / 2)]?.deltaY ?? 0;
  expect(steps[0]?.deltaY).toBeLessThan(middle / 3);
  expect(steps.at(-1)?.deltaY).toBeLessThan(middle / 3);
});
