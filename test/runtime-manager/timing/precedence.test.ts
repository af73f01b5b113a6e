import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Precedence } from '../../../src/runtime-manager/timing/precedence.ts';

/** As two threads have them. */
function both() {
  const requests = new Precedence();
  return { requests, deliveries: new Precedence(requests.shared) };
}

/** Whether it would not have to wait now. */
async function isFree(deliveries: Precedence): Promise<boolean> {
  let isOver = false;
  void deliveries.giveWay().then(() => (isOver = true));
  await nothing();
  return isOver;
}

/** What needs no time happens meanwhile. */
function nothing(): Promise<void> {
  return new Promise((resolve) => process.nextTick(() => queueMicrotask(resolve)));
}

test('what gives way waits for what goes first, in another thread too, and for nothing else', async () => {
  const { requests, deliveries } = both();
  await deliveries.giveWay();
  const first = requests.first();
  const second = requests.first();
  let isOver = false;
  const waiting = deliveries.giveWay().then(() => (isOver = true));
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await delay(5);
  expect(isOver).toBe(false);
  second[Symbol.dispose]();
  await waiting;
});

test('what takes long goes first no longer', async () => {
  const { requests, deliveries } = both();
  using _long = requests.first();
  await delay(100);
  expect(await isFree(deliveries)).toBe(true);
});

test('what gives way goes on after a while, however much goes first', async () => {
  const { requests, deliveries } = both();
  const firsts = [requests.first()];
  const renewing = setInterval(() => firsts.push(requests.first()), 5);
  expect(await isFree(deliveries)).toBe(false);
  await deliveries.giveWay();
  expect(await isFree(deliveries)).toBe(true);
  clearInterval(renewing);
  for (const first of firsts) first[Symbol.dispose]();
});
