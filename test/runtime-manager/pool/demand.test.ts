import { expect, test } from 'vitest';
import { Demand } from '../../../src/runtime-manager/pool/demand.ts';

const MINUTE = 60_000;

function demandOf(arrivals: number[], launchMs: number): Demand {
  const demand = new Demand();
  for (let n = 0; n < 100; n++) demand.launched(launchMs);
  for (const at of arrivals) demand.arrived(at);
  return demand;
}

const every = (ms: number, count: number) => Array.from({ length: count }, (_, n) => n * ms);

test('what comes regularly needs as many as come within one launch', () => {
  expect(demandOf(every(250, 40), 1100).peak(10_000)).toBe(5);
  expect(demandOf(every(250, 40), 200).peak(10_000)).toBe(1);
});

test('a burst needs as many as it had, for a minute', () => {
  const demand = demandOf([...every(5000, 3), 20_000, 20_001, 20_002, 20_003], 300);
  expect(demand.peak(20_010)).toBe(4);
  expect(demand.peak(20_000 + MINUTE)).toBe(4);
  expect(demand.peak(20_100 + MINUTE)).toBe(0);
});

test('launches that become slower are noticed within a few', () => {
  const demand = demandOf(every(100, 20), 100);
  const before = demand.peak(2000);
  for (let n = 0; n < 10; n++) demand.launched(1000);
  expect(demand.peak(2000)).toBeGreaterThan(3 * before);
});

test('nobody came, nothing is needed', () => {
  expect(new Demand().peak(1000)).toBe(0);
});
