import { expect, test } from 'vitest';
import { chromiumFlags } from '../../../src/runtime-manager/browser/flags.ts';

const options = { userDataDir: '/d', userAgent: undefined, sandbox: true };

test('no flag is given twice: Chromium would drop all but the last', () => {
  const names = chromiumFlags(options).map((flag) => flag.split('=')[0]);
  expect(names).toEqual([...new Set(names)]);
});

test('the sandbox is on unless it cannot be', () => {
  expect(chromiumFlags(options)).not.toContain('--no-sandbox');
  expect(chromiumFlags({ ...options, sandbox: false })).toContain('--no-sandbox');
});
