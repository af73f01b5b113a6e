import fc from 'fast-check';
import { expect, test } from 'vitest';
import { personaOf } from '../../../src/runtime-manager/humanize/persona.ts';
import { seededRandom } from '../../../src/runtime-manager/humanize/random.ts';
import { planScroll } from '../../../src/runtime-manager/humanize/wheel.ts';

test('a scroll is many small ones whose sum is the same, in time', () => {
  const delta = fc.integer({ min: -20_000, max: 20_000 });
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
      for (const step of steps) {
        expect(Math.abs(step.deltaY)).toBeLessThanOrEqual(persona.wheel.stepPx * 1.1 + 1);
        expect(Math.sign(step.deltaY) * Math.sign(deltaY)).toBeGreaterThanOrEqual(0);
      }
    },
  );
  fc.assert(property, { numRuns: 300, seed: 1 });
});

test('it eases in and out', () => {
  const steps = planScroll({ deltaX: 0, deltaY: 1200 }, 5000, personaOf(3), seededRandom('ease'));
  const middle = steps[Math.floor(steps.length / 2)]?.deltaY ?? 0;
  expect(steps[0]?.deltaY).toBeLessThan(middle / 3);
  expect(steps.at(-1)?.deltaY).toBeLessThan(middle / 3);
});
