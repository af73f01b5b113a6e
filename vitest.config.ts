import { defineConfig } from 'vitest/config';

const browser = 'test/**/*.browser.test.ts';

export default defineConfig({
  test: {
    globalSetup: 'test/support/global-setup.ts',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: 'fast', include: ['test/**/*.test.ts'], exclude: [browser] },
      },
      {
        extends: true,
        // Launches share two cores poorly: one file at a time.
        test: { name: 'browser', include: [browser], fileParallelism: false },
      },
    ],
  },
});
