import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ATTRIBUTES } from '../../../src/runtime-manager/tracing/attributes.ts';
import { SPAN_NAMES } from '../../../src/runtime-manager/tracing/spans.ts';
import { TRACING_SETTINGS } from '../../../src/api/config/settings/tracing.ts';

const page = await readFile(new URL('../../../docs/tracing.md', import.meta.url), 'utf8');

/** What the first column of a table says. */
function namesUnder(heading: string): string[] {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const [table = ''] = section.split('\n## ');
  return [...table.matchAll(/^\| `([^`]+)` /gm)].map(([, name = '']) => name);
}

test('docs/tracing.md lists every span, attribute and setting, and no other', () => {
  const spans = ['{method} {route}', 'bctrl.node/{verb}', 'bctrl.job/{name}', ...SPAN_NAMES];
  expect(namesUnder('Spans')).toEqual(spans);
  expect(namesUnder('Attributes').toSorted()).toEqual(Object.keys(ATTRIBUTES).toSorted());
  expect(namesUnder('Settings')).toEqual(Object.keys(TRACING_SETTINGS));
});
