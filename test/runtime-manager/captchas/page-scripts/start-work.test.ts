import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startWork } from '../../../../src/runtime-manager/captchas/page-scripts/start-work.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test.for([
  ['altcha', (start: () => unknown) => ({ verify: start })],
  ['altcha', (start: () => unknown) => ({ verify: start, getState: () => 'unverified' })],
  ['cap', (start: () => unknown) => ({ solve: start })],
  [
    'friendly_captcha',
    (start: () => unknown) => ({ frcWidget: { start }, ...inState('.UNSTARTED') }),
  ],
  [
    'friendly_captcha',
    (start: () => unknown) => ({ friendlyChallengeWidget: { start }, ...inState('') }),
  ],
  ['mcaptcha', (start: () => unknown) => ({ checked: false, click: start })],
] as const)('%s is started once, and its own failure is ignored', async ([kind, widget]) => {
  const start = vi.fn<() => Promise<never>>(() => Promise.reject(new Error('of the widget')));
  if (kind === 'mcaptcha') start.mockReturnValue(new Promise(() => undefined));
  await startWork.call(widget(start), kind);
  expect(start).toHaveBeenCalledOnce();
});

test.for([
  ['altcha', (start: () => unknown) => ({ verify: start, getState: (): string => 'verifying' })],
  [
    'friendly_captcha',
    (start: () => unknown) => ({ frcWidget: { start }, ...inState('.FETCHING') }),
  ],
  [
    'friendly_captcha',
    (start: () => unknown) => ({ frcWidget: { start }, ...inState('.UNFINISHED') }),
  ],
  ['mcaptcha', (start: () => unknown) => ({ checked: true, click: start })],
] as const)('%s that is already computing is not started again', async ([kind, widget]) => {
  const start = vi.fn<() => void>();
  await startWork.call(widget(start), kind);
  expect(start).not.toHaveBeenCalled();
});

test('the script waits for a widget, 20 s at most', async () => {
  const widget: { solve?: () => void } = {};
  const late = startWork.call(widget, 'cap');
  await vi.advanceTimersByTimeAsync(19_000);
  widget.solve = vi.fn<() => void>();
  await vi.advanceTimersByTimeAsync(50);
  await late;
  expect(widget.solve).toHaveBeenCalledOnce();
  const never = expect(startWork.call({}, 'cap')).rejects.toThrow('did not come');
  await vi.advanceTimersByTimeAsync(20_000);
  await never;
});

/** The part of a Friendly Captcha widget that holds its state: an input. */
function inState(value: string) {
  return { querySelector: () => ({ value }) };
}
