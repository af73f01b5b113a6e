import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Control, type ControlChange } from '../../../src/runtime-manager/control/control.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function openControl() {
  const control = new Control();
  const changes: ControlChange[] = [];
  control.follow((change) => changes.push(change));
  return { control, types: () => changes.map(({ type }) => type), changes };
}

test('a person loses control after a while without input', async () => {
  const { control, changes } = openControl();
  control.take({ viewer: 'v', idleMs: 1000 });
  const { returned } = control;
  await vi.advanceTimersByTimeAsync(900);
  control.touch();
  await vi.advanceTimersByTimeAsync(900);
  expect(control.state).toMatchObject({ holder: 'human', hold: { viewer: 'v' } });
  await vi.advanceTimersByTimeAsync(200);
  expect(control.state).toMatchObject({ holder: 'agent', hold: undefined });
  await returned;
  expect(changes).toMatchObject([{ type: 'taken' }, { type: 'returned', cause: 'idle' }]);
});

test('one who takes control from another gets the time of its own', async () => {
  const { control, types } = openControl();
  control.take({ idleMs: 1000 });
  const { since } = control.state;
  await vi.advanceTimersByTimeAsync(500);
  control.take({ idleMs: 5000, reason: 'later' });
  await vi.advanceTimersByTimeAsync(4000);
  expect(control.state).toMatchObject({ holder: 'human', since, hold: { reason: 'later' } });
  control.giveBack('left');
  control.giveBack('left');
  expect(types()).toEqual(['taken', 'taken', 'returned']);
  expect(vi.getTimerCount()).toBe(0);
});

test('a request stays until a person has had control, and is told once', () => {
  const { control, types } = openControl();
  control.request('log in');
  control.request('log in');
  expect(types()).toEqual(['requested']);
  expect(control.state.request?.reason).toBe('log in');
  control.take();
  expect(control.state.request).toBeUndefined();
  control.request('and the captcha');
  control.giveBack('left');
  expect(control.state.request?.reason).toBe('and the captcha');
  control.take();
  control.request('once more');
  control.giveBack('returned');
  expect(control.state.request).toBeUndefined();
});
