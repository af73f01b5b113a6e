import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Control } from '../../../src/runtime-manager/control/control.ts';
import { ViewerControl } from '../../../src/runtime-manager/live/viewer-control.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open() {
  const control = new Control();
  const viewers = [new ViewerControl(control, 'one'), new ViewerControl(control, 'two')] as const;
  control.follow((change) => viewers.forEach((viewer) => viewer.changed(change)));
  return { control, one: viewers[0], two: viewers[1] };
}

test('one who loses control knows why, until it drives again', async () => {
  const { control, one, two } = open();
  one.take();
  expect(one.shown).toMatchObject({ driver: 'you', idleMs: 60_000, lost: null });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(one.shown).toMatchObject({ driver: 'agent', idleMs: null, lost: 'idle' });
  expect(two.shown.lost).toBeNull();
  one.take();
  expect(one.shown.lost).toBeNull();
  two.take();
  expect(one.shown).toMatchObject({ driver: 'human', lost: 'taken' });
  control.giveBack('returned');
  expect([one.shown.lost, two.shown.lost]).toEqual(['taken', 'returned']);
});

test('one who gives control back lost nothing', () => {
  const { one } = open();
  one.ensure();
  one.giveBack('returned');
  expect(one.shown).toMatchObject({ driver: 'agent', lost: null });
});

test('the first who does something has what nobody has, and others are refused', () => {
  const { control, one, two } = open();
  control.take({ reason: 'Pay.', idleMs: 5000 });
  expect(one.shown).toMatchObject({ driver: 'nobody', request: { reason: 'Pay.' } });
  one.ensure();
  expect(one.shown).toMatchObject({ driver: 'you', idleMs: 5000, request: { reason: 'Pay.' } });
  expect(two.shown).toMatchObject({ driver: 'human', request: null });
  expect(() => two.ensure()).toThrow('Someone else drives the browser.');
});

test('what was asked is known to whoever drives, and what is asked meanwhile comes first', () => {
  const { control, one, two } = open();
  control.request('Log in.');
  one.take();
  two.take();
  expect(two.shown.request?.reason).toBe('Log in.');
  control.request('And the code.');
  expect([one, two].map(({ shown }) => shown.request?.reason)).toEqual([
    'And the code.',
    'And the code.',
  ]);
  two.giveBack('returned');
  one.take();
  expect(one.shown.request).toBeNull();
});
