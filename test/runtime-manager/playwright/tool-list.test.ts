import { tools } from 'playwright-core/lib/coreBundle';
import { expect, test } from 'vitest';
import { playwrightTools } from '../../../src/runtime-manager/index.ts';
import { LEFT_OUT, TOOL_NAMES } from '../../../src/runtime-manager/playwright/tool-names.ts';
import {
  allowedTools,
  toToolSchema,
} from '../../../src/runtime-manager/playwright/tool-schemas.ts';

test('every tool of Playwright was judged: a runtime has it, or it is left out', () => {
  const names = tools.browserTools.map(({ schema }) => schema.name);
  expect(names.toSorted()).toEqual([...TOOL_NAMES, ...Object.keys(LEFT_OUT)].toSorted());
});

test('the tools that clients are told of are those of this Playwright: npm run tools', () => {
  expect(playwrightTools()).toEqual(allowedTools().map(toToolSchema));
  expect(
    playwrightTools()
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual([...TOOL_NAMES]);
});
