import fc from 'fast-check';
import { expect, test } from 'vitest';
import { personaOf } from '../../../src/runtime-manager/humanize/persona.ts';
import { seededRandom } from '../../../src/runtime-manager/humanize/random.ts';
import {
  dwellMs,
  intervalMs,
  planText,
  type Stroke,
} from '../../../src/runtime-manager/humanize/typing.ts';
import { mean, median, quantile } from '../../support/statistics.ts';

const persona = personaOf(7);

function intervals(previous: string, next: string, count = 2000): number[] {
  const random = seededRandom(`${previous}${next}`);
  return Array.from({ length: count }, () => intervalMs(previous, next, persona, random));
}

/** What a page would have read. */
function written(strokes: Stroke[]): string {
  return strokes
    .map((stroke) => {
      if (stroke.type === 'insert') return stroke.text;
      return stroke.type === 'keyDown' && stroke.key !== 'Shift' ? stroke.key : '';
    })
    .join('');
}

test('a text is typed as it is, by keys that are released again, within the time', () => {
  const text = fc.array(fc.constantFrom(...'abz AZ09.,!?ä€'.split('')), {
    minLength: 1,
    maxLength: 40,
  });
  const property = fc.property(
    text,
    fc.integer({ min: 0, max: 5000 }),
    fc.nat(),
    (characters, maxMs, id) => {
      const strokes = planText(characters, maxMs, personaOf(id), seededRandom(`text ${id}`));
      expect(written(strokes)).toBe(characters.join(''));
      const down = new Set<string>();
      for (const stroke of strokes) {
        if (stroke.type === 'insert') continue;
        expect(down.has(stroke.at.code)).toBe(stroke.type === 'keyUp');
        if (stroke.type === 'keyDown') down.add(stroke.at.code);
        else down.delete(stroke.at.code);
        if (stroke.key !== 'Shift' && stroke.type === 'keyDown') {
          expect(down.has('ShiftLeft')).toBe(stroke.shift);
        }
      }
      expect(down.size).toBe(0);
      expect(strokes.at(-1)?.atMs).toBeLessThanOrEqual(maxMs + 1e-6);
    },
  );
  fc.assert(property, { numRuns: 500, seed: 1 });
});

test('intervals lie around the median of the persona, with a tail to the right', () => {
  const drawn = intervals('b', 'v');
  const middle = median(drawn);
  expect(quantile(drawn, 0.95) - middle).toBeGreaterThan(1.1 * (middle - quantile(drawn, 0.05)));
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(30);
  expect(Math.abs(median(intervals('x', 'x')) - persona.typing.intervalMs)).toBeLessThan(5);
});

test('a key of the other hand comes 30 to 60 ms faster than one of the same finger', () => {
  const saved = median(intervals('e', 'd')) - median(intervals('e', 'k'));
  expect(saved).toBeGreaterThan(25);
  expect(saved).toBeLessThan(65);
});

test('frequent pairs are faster, and the first key of a word is slower', () => {
  expect(median(intervals('t', 'h'))).toBeLessThan(median(intervals('v', 'h')) - 5);
  const late = median(intervals(' ', 'k')) - median(intervals('a', 'k'));
  expect(late).toBeGreaterThan(0.7 * persona.typing.wordMs);
  const before = intervals(' ', 'k');
  const usual = median(before);
  const doubts = before.filter((ms) => ms > 2.5 * usual);
  expect(doubts.length / 2000).toBeGreaterThan(persona.typing.doubtRate / 3);
});

test('keys are held as long as the persona holds them', () => {
  const random = seededRandom('held');
  const held = Array.from({ length: 1000 }, () => dwellMs(persona, random));
  expect(Math.abs(median(held) - persona.typing.dwellMs)).toBeLessThan(4);
  expect(quantile(held, 0.05)).toBeGreaterThan(20);
});

test('some keys are pressed before the previous one is released', () => {
  const characters = 'the quick brown fox jumps over the lazy dog'.split('');
  const strokes = Array.from({ length: 20 }, (_, at) =>
    planText(characters, 60_000, persona, seededRandom(`rollover ${at}`)),
  );
  const shares = strokes.map((one) => {
    const overlaps = one.filter(
      ({ type }, at) => type === 'keyDown' && one[at - 1]?.type === 'keyDown',
    );
    return overlaps.length / characters.length;
  });
  expect(mean(shares)).toBeGreaterThan(0.02);
  expect(mean(shares)).toBeLessThan(0.7);
});
