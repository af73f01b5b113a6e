import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const browser = 'test/**/*.browser.test.ts';
/**
 * What the project `cluster` repeats each time: the main drivers, the live page, and recordings.
 * `npm run test:cluster` repeats all.
 */
const repeated = [
  'clients/playwright',
  'clients/puppeteer',
  'clients/selenium',
  'live/files',
  'recording/drivers',
].map((name) => `test/e2e/${name}.browser.test.ts`);

export default defineConfig({
  test: {
    globalSetup: 'test/support/global-setup.ts',
    // A machine may be several times slower than the one it was written on; none of it is for speed.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    // The report names what passed at its second try only, with how often it was tried.
    retry: process.env['CI'] === undefined ? 0 : 1,
    provide: { isClustered: false },
    // A worker loads the service once: loading it takes longer than many of these files. A test puts back
    // what it changes of its process.
    isolate: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: [browser],
          // Some of these tests wait, so that a core for each worker would be idle.
          maxWorkers: availableParallelism() + 1,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: [browser],
          // Launches share cores poorly, but much of these tests is waiting: two files at a time.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        // The same tests, of an API without browsers and a node.
        test: {
          name: 'cluster',
          include: process.env['CLUSTER_TESTS'] === 'all' ? [browser] : repeated,
          setupFiles: 'test/support/only-with-nats.ts',
          provide: { isClustered: true },
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
