import { defineConfig } from 'vitest/config';

const browser = 'test/**/*.browser.test.ts';

export default defineConfig({
  test: {
    globalSetup: 'test/support/global-setup.ts',
    // A machine may be several times slower than the one it was written on; none of it is for speed.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 5000 } },
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
