import { expect, test } from 'vitest';
import {
  RUNTIME_STATES,
  statesBefore,
  statesOf,
  statusOf,
} from '../../src/runtime-manager/lifecycle.ts';

test('a runtime is active until it is stopped or failed', () => {
  expect(statesOf('active')).toEqual(['launching', 'running', 'stopping']);
  expect(RUNTIME_STATES.map(statusOf)).toEqual(['active', 'active', 'active', 'stopped', 'failed']);
});

test('nothing leads out of an end', () => {
  for (const to of RUNTIME_STATES) {
    expect(statesBefore(to)).not.toContain('stopped');
    expect(statesBefore(to)).not.toContain('failed');
  }
});

test('any active runtime may stop and fail, and only a launching one starts to run', () => {
  expect(statesBefore('running')).toEqual(['launching']);
  expect(statesBefore('stopped')).toEqual(['launching', 'running', 'stopping']);
  expect(statesBefore('failed')).toEqual(['launching', 'running', 'stopping']);
});
