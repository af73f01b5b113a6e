import { onTestFinished, vi } from 'vitest';

let passedMs = 0;
const now = performance.now.bind(performance);

/** Makes the service believe, until the test is over, that more time has passed than has. */
export function letPass(seconds: number): void {
  passedMs += seconds * 1000;
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => now() + passedMs);
  onTestFinished(() => {
    spy.mockRestore();
    passedMs = 0;
  });
}
