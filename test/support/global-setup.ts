import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { loadConfig } from '../../src/api/config/config.ts';
import { createLogger } from '../../src/api/config/logger.ts';
import { openDatabase } from '../../src/db/client.ts';
import { embeddedAddress, openEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { installPackages } from '../../src/runtime-manager/browser/install/apt.ts';
import { findExecutable } from '../../src/runtime-manager/browser/install/find-executable.ts';
import { ensureChromedriver, ensureChromium, findFfmpeg } from '../../src/runtime-manager/index.ts';
import { copyCluster, createDatabase, TEMPLATE } from './database.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the Postgres that all tests share. */
    postgresDataDir: string;
    /** A data directory whose Postgres is shut down, for tests that start one of their own. */
    pristineDataDir: string;
    chromiumPath: string;
    chromedriverPath: string;
    /** Empty: there is none on this machine. */
    ffmpegPath: string;
    /** Empty: there is none on this machine. */
    natsServerPath: string;
    /** Whether the services of tests are an API and a node, rather than one process that does all. */
    isClustered: boolean;
  }
}

/** One Postgres for all tests, with a migrated database to clone; and Chromium, as at a start. */
export default async function setup(project: TestProject) {
  const config = loadConfig();
  const log = createLogger('info');
  const chromiumPath = await ensureChromium(config.chromiumPath, config.searchPath, log);
  const chromedriverPath = await ensureChromedriver(
    config.chromedriverPath,
    config.searchPath,
    chromiumPath,
    log,
  );
  if (chromedriverPath === undefined) throw new Error('the tests need a chromedriver');
  const root = await mkdtemp(join(tmpdir(), 'bctrl-test-'));
  const [pristineDataDir, dataDir] = [join(root, 'pristine'), join(root, 'shared')];
  await makeCluster(pristineDataDir);
  await copyCluster(pristineDataDir, dataDir);
  // What it holds is of no use when the machine is gone.
  await appendFile(join(dataDir, 'postgres/data/postgresql.auto.conf'), 'fsync = off\n');
  const postgres = await openEmbeddedPostgres(dataDir);
  project.provide('postgresDataDir', dataDir);
  project.provide('pristineDataDir', pristineDataDir);
  // The programs that tests start keep their compiled code there.
  process.env['NODE_COMPILE_CACHE'] = join(root, 'compiled');
  project.provide('chromiumPath', chromiumPath);
  project.provide('chromedriverPath', chromedriverPath);
  project.provide('ffmpegPath', (await findFfmpeg(config.ffmpegPath, config.searchPath)) ?? '');
  project.provide('natsServerPath', (await ensureNatsServer(config.searchPath)) ?? '');
  return async () => {
    await postgres[Symbol.asyncDispose]();
    await rm(root, { recursive: true, force: true, maxRetries: 10 });
  };
}

/** A cluster that is shut down, with a migrated database to clone. */
async function makeCluster(dataDir: string): Promise<void> {
  await using _postgres = await openEmbeddedPostgres(dataDir);
  await createDatabase(dataDir, TEMPLATE);
  await using database = await openDatabase({ ...embeddedAddress(dataDir), database: TEMPLATE });
  await migrateDatabase(database);
}

/** Debian's, which is outside the search path of users. */
async function ensureNatsServer(searchPath: string): Promise<string | undefined> {
  const find = () => findExecutable(['nats-server'], `${searchPath}:/usr/sbin`);
  return (await find()) ?? ((await installPackages('nats-server')) ? find() : undefined);
}
