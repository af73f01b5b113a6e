import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { callsOn } from '../../../src/runtime-manager/operations/calls/call.ts';
import { CALLS } from '../../../src/runtime-manager/operations/calls/calls.ts';
import { isKind } from '../../../src/runtime-manager/operations/calls/definition.ts';
import { readProjectFile } from '../../support/deploy-files.ts';

/** The rows of the tables in the docs, by the heading that they are under. */
function rowsByHeading(page: string): Map<string, string[]> {
  const parts = page.split(/^### /m).slice(1);
  return new Map(
    parts.map((part) => {
      const rows = part.split('\n').filter((line) => line.startsWith('| `'));
      const heading = /`(\w+)`/.exec(part)?.[1] ?? '';
      return [heading, rows.map((line) => line.replaceAll(/\s*\|\s*/g, '|'))];
    }),
  );
}

test('the docs list every call with its options, and what it yields', async () => {
  const documented = rowsByHeading(await readProjectFile('docs/steps.md'));
  expect([...documented.keys()]).toEqual(Object.keys(CALLS));
  for (const [kind, calls] of Object.entries(CALLS)) {
    const rows = Object.entries(calls).map(([name, { optionNames = [], yields }]) => {
      const options = optionNames.map((option) => `\`${option}\``).join(', ');
      return `|\`${name}\`|${options}|${isKind(yields) ? `\`${yields}\`` : yields}|`;
    });
    expect(documented.get(kind)).toEqual(rows);
  }
});

test('no call takes a timeout or a path of a machine, or anything that runs in the service', () => {
  const all = Object.values(CALLS).flatMap((calls) => Object.entries(calls));
  const names = new Set(all.map(([name]) => name));
  for (const name of [
    'route',
    'exposeFunction',
    'exposeBinding',
    'on',
    'saveAs',
    'path',
    'video',
  ]) {
    expect(names).not.toContain(name);
  }
  const withPath = all.filter(([, { optionNames }]) => optionNames?.includes('path'));
  expect(new Set(withPath.map(([name]) => name))).toEqual(
    new Set(['screenshot', 'pdf', 'clearCookies']),
  );
  expect(all.filter(([, { optionNames }]) => optionNames?.includes('timeout'))).toEqual([]);
});

test('the compiler refuses calls that Playwright does not have', () => {
  const on = callsOn<Page>();
  // @ts-expect-error -- there is no such method
  on({ gotoo: { args: [z.string()] } });
  // @ts-expect-error -- an argument is of another type
  on({ goto: { args: [z.number()], limits: 'signal' } });
  // @ts-expect-error -- an argument is missing
  on({ setExtraHTTPHeaders: {} });
  // @ts-expect-error -- there is no such option
  on({ goto: { args: [z.string()], options: { speed: z.number() }, limits: 'signal' } });
  // @ts-expect-error -- an option is of another type
  on({ goto: { args: [z.string()], options: { referer: z.number() }, limits: 'signal' } });
  // @ts-expect-error -- the method takes a timeout and a signal
  on({ goto: { args: [z.string()] } });
  // @ts-expect-error -- the method takes no timeout
  on({ title: { limits: 'timeout' } });
  expect(on({ goto: { args: [z.string()], limits: 'signal' } })).toHaveProperty('goto');
});
