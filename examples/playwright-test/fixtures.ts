import { test as base } from '@playwright/test';
import { Bctrl } from '@bctrl/client';

/** Each worker has a browser of the service. */
export const test = base.extend<object, { remote: undefined }>({
  browser: [
    async ({}, use) => {
      await using runtime = await new Bctrl().createRuntime();
      await use(await runtime.playwright());
    },
    { scope: 'worker' },
  ],
});
