import { expect, test, vi } from 'vitest';
import {
  Admission,
  type AdmissionOptions,
  type Place,
} from '../../../src/runtime-manager/node/admission.ts';

const admission = (options: Partial<AdmissionOptions> = {}) =>
  new Admission({
    maxRuntimes: 2,
    maxLaunches: 1,
    maxQueue: 2,
    queueTimeoutMs: 1000,
    hasMemory: () => true,
    ...options,
  });

test('launches wait for launches, runtimes for runtimes', async () => {
  const gate = admission();
  const [first, second, third] = [gate.enter(), gate.enter(), gate.enter()];
  expect([first.state, second.state, third.state]).toEqual(['launching', 'waiting', 'waiting']);
  first.launched();
  expect([second.state, third.state]).toEqual(['launching', 'waiting']);
  second.launched();
  expect(third.state).toBe('waiting');
  first[Symbol.dispose]();
  expect(third.state).toBe('launching');
  await third.ready();
  expect(gate.load.waiting).toBe(0);
});

test('a full queue refuses at once, and who leaves it makes room', () => {
  const gate = admission();
  const [, second] = [gate.enter(), gate.enter(), gate.enter()];
  expect(() => gate.enter()).toThrow(expect.objectContaining({ code: 'runtime.no_capacity' }));
  second?.[Symbol.dispose]();
  expect(gate.enter().state).toBe('waiting');
});

test('a place that is given back leaves no trace, and one that is given up makes room', () => {
  const onRoom = vi.fn();
  const open = () => admission({ maxRuntimes: 1, maxQueue: 0, onRoom });
  const [gate, untouched] = [open(), open()];
  for (let time = 0; time < 40; time++) gate.takeRoom()?.giveBack();
  expect(onRoom).not.toHaveBeenCalled();
  expect(refusalOf(gate, gate.takeRoom())).toEqual(refusalOf(untouched, untouched.takeRoom()));
  expect(onRoom).toHaveBeenCalledTimes(2);
});

/** How a request is refused while a place is taken, which is given up after that. */
function refusalOf(gate: Admission, place: Place | undefined): unknown {
  using _taken = place;
  expect(gate.takeRoom()).toBeUndefined();
  try {
    return gate.enter();
  } catch (error) {
    return error;
  }
}

test('room is for those who wait here, and then for those who wait elsewhere', () => {
  const gate = admission();
  const [first, second] = [gate.enter(), gate.enter()];
  expect(gate.takeRoom()).toBeUndefined();
  first?.launched();
  expect(second?.state).toBe('launching');
  second?.[Symbol.dispose]();
  gate.othersWait = true;
  expect(() => gate.enter(undefined, false)).toThrow(
    expect.objectContaining({ code: 'runtime.no_capacity' }),
  );
  expect(gate.takeRoom()?.state).toBe('launching');
});

test('a place that is given up while it is launching lets the next one launch', () => {
  const gate = admission();
  const [first, second] = [gate.enter(), gate.enter()];
  first?.[Symbol.dispose]();
  first?.[Symbol.dispose]();
  expect(second?.state).toBe('launching');
  expect(gate.enter().state).toBe('waiting');
});

test('who waits too long is refused, and told when to come back', async () => {
  vi.useFakeTimers();
  try {
    const gate = admission({ maxRuntimes: 1 });
    gate.enter().launched();
    const waiting = gate.enter();
    const refused = expect(waiting.ready()).rejects.toMatchObject({
      code: 'runtime.no_capacity',
      retryAfterSeconds: expect.any(Number),
    });
    await vi.advanceTimersByTimeAsync(1000);
    await refused;
    expect(gate.load.waiting).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('without a time of its own, whoever waits is answered within 30 s, whatever a launch takes', async () => {
  vi.useFakeTimers();
  try {
    for (const launchMs of [1000, 8000]) {
      const gate = admission({ maxRuntimes: 20, queueTimeoutMs: undefined });
      for (let n = 0; n < 20; n++) {
        const place = gate.enter();
        await vi.advanceTimersByTimeAsync(launchMs);
        place.launched();
      }
      const waiting = gate.enter();
      waiting.ready().catch(() => undefined);
      await vi.advanceTimersByTimeAsync(30_000 - 2 * launchMs - 1000);
      expect(waiting.state).toBe('waiting');
      await vi.advanceTimersByTimeAsync(launchMs);
      expect(waiting.state).toBe('left');
    }
  } finally {
    vi.useRealTimers();
  }
});

test('how long to wait follows from how fast places become free', async () => {
  vi.useFakeTimers();
  try {
    const gate = admission({ maxRuntimes: 1, maxQueue: 0 });
    const retryAfter = () => {
      try {
        gate.enter();
        return 0;
      } catch (error) {
        return Object(error).retryAfterSeconds;
      }
    };
    for (let round = 0; round < 10; round++) {
      const place = gate.enter();
      place.launched();
      await vi.advanceTimersByTimeAsync(5000);
      place[Symbol.dispose]();
    }
    gate.enter().launched();
    // Ten were freed in the 45 s since the first of them.
    expect(retryAfter()).toBe(5);
  } finally {
    vi.useRealTimers();
  }
});

test('who waits for memory is let in when there is some', async () => {
  vi.useFakeTimers();
  try {
    let free = false;
    const gate = admission({ hasMemory: () => free });
    const waiting = gate.enter();
    await vi.advanceTimersByTimeAsync(400);
    expect(waiting.state).toBe('waiting');
    free = true;
    await vi.advanceTimersByTimeAsync(400);
    expect(waiting.state).toBe('launching');
  } finally {
    vi.useRealTimers();
  }
});
