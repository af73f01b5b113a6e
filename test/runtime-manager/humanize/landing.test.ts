import { expect, test } from 'vitest';
import { chooseLanding } from '../../../src/runtime-manager/humanize/landing.ts';
import { personaOf } from '../../../src/runtime-manager/humanize/persona.ts';
import { seededRandom } from '../../../src/runtime-manager/humanize/random.ts';
import { mean } from '../../support/statistics.ts';

test('a thousand clicks on small targets all hit, beside the middle', () => {
  const random = seededRandom('small');
  const missesPx: number[] = [];
  for (let id = 0; id < 1000; id++) {
    const [width, height] = [8 + 30 * random(), 8 + 12 * random()];
    const box = { left: 500 * random(), top: 500 * random(), width, height };
    const kind = id % 2 === 0 ? 'button' : 'plain';
    const landed = chooseLanding({ nodeId: 1, box, kind }, personaOf(id), random);
    if (!landed) throw new Error('it was not chosen');
    expect(landed.x).toBeGreaterThan(box.left + 0.5);
    expect(landed.x).toBeLessThan(box.left + width - 0.5);
    expect(landed.y).toBeGreaterThan(box.top + 0.5);
    expect(landed.y).toBeLessThan(box.top + height - 0.5);
    missesPx.push(Math.abs(landed.x - box.left - width / 2));
  }
  expect(mean(missesPx)).toBeGreaterThan(0.5);
});

test('a target that is tiny, unknown, or means another thing at each point is hit where the client aimed', () => {
  const box = { left: 0, top: 0, width: 100, height: 100 };
  const [persona, random] = [personaOf(1), seededRandom('exact')];
  for (const target of [
    { nodeId: 1, box, kind: 'exact' },
    { nodeId: 1, box: undefined, kind: 'button' },
    { nodeId: 1, box: { ...box, height: 7 }, kind: 'button' },
  ] as const) {
    expect(chooseLanding(target, persona, random)).toBeUndefined();
  }
});

test('a click into a field puts the caret behind a short text', () => {
  const box = { left: 0, top: 0, width: 200, height: 20 };
  const random = seededRandom('caret');
  for (let id = 0; id < 200; id++) {
    const landed = chooseLanding({ nodeId: 1, box, kind: 'plain' }, personaOf(id), random);
    expect(landed?.x).toBeGreaterThanOrEqual(100);
  }
});
