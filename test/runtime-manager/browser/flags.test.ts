import { expect, test } from 'vitest';
import { chromiumFlags, type ChromiumFlags } from '../../../src/runtime-manager/browser/flags.ts';

const options: ChromiumFlags = {
  userDataDir: '/d',
  flavor: 'full',
  sandbox: true,
  fingerprint: {},
  windowChromeHeight: 87,
  forwarder: { http: 1, socks: 2 },
};

test('no flag is given twice: Chromium would drop all but the last', () => {
  const names = chromiumFlags(options).map((flag) => flag.split('=')[0]);
  expect(names).toEqual([...new Set(names)]);
});

test('the sandbox is on wherever it can be', () => {
  expect(chromiumFlags(options)).not.toContain('--no-sandbox');
  expect(chromiumFlags({ ...options, sandbox: false })).toContain('--no-sandbox');
});

const flags = (width: number, height: number) =>
  chromiumFlags({ ...options, fingerprint: { viewport: { width, height } } });

test('a page has the size that the fingerprint names, on a screen that is large enough', () => {
  expect(flags(800, 600)).toContain('--window-size=800,687');
  expect(flags(800, 600)).toContain('--screen-info={1920x1080}');
  expect(flags(2560, 1440)).toContain('--screen-info={2560x1527}');
});
