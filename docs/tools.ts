import { writeFile } from 'node:fs/promises';
import { allowedTools, toToolSchema } from '../src/runtime-manager/playwright/tool-schemas.ts';

/** Writes down the tools of Playwright that a runtime has. */
await writeFile(
  'src/runtime-manager/playwright/tools.json',
  JSON.stringify(allowedTools().map(toToolSchema), undefined, 2),
);
