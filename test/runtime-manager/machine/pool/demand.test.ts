import { expect, test } from 'vitest';
import { Demand } from '../../../../src/runtime-manager/machine/pool/demand.ts';

const MINUTE = 60_000;

test('no browser is needed when nobody came', () => {
  expect(new Demand().needed(1000)).toBe(0);
});

test('takings that are replaced before the next one need one browser, and one in reserve', () => {
  const demand = new Demand();
  for (let at = 0; at < MINUTE; at += 1000) {
    demand.taken(at);
    demand.replaced();
  }
  expect(demand.needed(MINUTE)).toBe(2);
});

test('a burst needs as many browsers as it took and a reserve, for a minute', () => {
  const demand = new Demand();
  for (let n = 0; n < 4; n++) demand.taken(20_000 + n);
  for (let n = 0; n < 4; n++) demand.replaced();
  demand.taken(40_000);
  expect(demand.needed(20_000 + MINUTE)).toBe(6);
  expect(demand.needed(20_100 + MINUTE)).toBe(2);
  expect(demand.needed(40_100 + MINUTE)).toBe(0);
});

test('whoever leaves without a browser is forgotten when the pool is full', () => {
  const demand = new Demand();
  for (let n = 0; n < 4; n++) demand.taken(n);
  demand.filled();
  demand.taken(MINUTE + 1000);
  expect(demand.needed(MINUTE + 1000)).toBe(2);
});
