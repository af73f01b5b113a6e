import { expect, test } from 'vitest';
import {
  RUNTIME_STATES,
  statesBefore,
  statesOf,
} from '../../../src/runtime-manager/runtime/lifecycle.ts';

test('a runtime is active until it is stopped or failed', () => {
  expect(statesOf('active')).toEqual(['accepted', 'launching', 'running', 'stopping']);
  expect(statesOf('stopped')).toEqual(['stopped']);
  expect(statesOf('failed')).toEqual(['failed']);
});

test('a runtime that has ended can only be started again', () => {
  for (const to of RUNTIME_STATES) {
    const starts = to === 'accepted' || to === 'launching';
    expect(statesBefore(to).includes('stopped')).toBe(starts);
    expect(statesBefore(to).includes('failed')).toBe(starts);
  }
});

test('any active runtime may stop and fail, and only a launching one starts to run', () => {
  expect(statesBefore('running')).toEqual(['launching']);
  expect(statesBefore('stopped')).toEqual(['accepted', 'launching', 'running', 'stopping']);
  expect(statesBefore('failed')).toEqual(['accepted', 'launching', 'running', 'stopping']);
});
