import { once } from 'node:events';
import { join } from 'node:path';
import { bootstrap } from '../db/bootstrap.ts';
import { openDatabase } from '../db/client.ts';
import { embeddedAddress, openEmbeddedPostgres } from '../db/embedded.ts';
import { migrateDatabase } from '../db/migrate.ts';
import { createRuntimeStore } from '../db/queries/runtimes.ts';
import {
  ensureChromedriver,
  ensureChromium,
  LocalNode,
  reconcile,
  RuntimeManager,
} from '../runtime-manager/index.ts';
import { banner } from './banner.ts';
import { loadConfig } from './config.ts';
import { openDataDirectory } from './data-directory.ts';
import { createLogger } from './logger.ts';
import { createPublicAddress } from './public-address.ts';
import { openServer } from './server.ts';

/** After this, what is still hanging is left for the next start to repair. */
const SHUTDOWN_MAX_MS = 25_000;

/** Opens everything from the ground up, serves until told to end, and closes in reverse. */
async function main(): Promise<void> {
  const config = loadConfig();
  const log = createLogger(config.logLevel);
  for (const name of config.unknownVariables) log.warn(`${name} is no variable of this service`);
  const ending = endSignal();

  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await openDataDirectory(config.dataDir));
  const executablePath = await ensureChromium(config.chromiumPath, config.searchPath, log);
  const chromedriverPath = await ensureChromedriver(
    config.chromedriverPath,
    config.searchPath,
    executablePath,
    log,
  );
  if (config.databaseUrl === undefined) stack.use(await openEmbeddedPostgres(config.dataDir));
  const database = stack.use(
    await openDatabase(
      config.databaseUrl === undefined
        ? embeddedAddress(config.dataDir)
        : { url: config.databaseUrl },
    ),
  );
  await migrateDatabase(database);
  const store = createRuntimeStore(database.db);
  await reconcile(store, directory.nodeId, log);
  const node = stack.use(
    await LocalNode.open({
      id: directory.nodeId,
      executablePath,
      chromedriverPath,
      root: join(config.browserDir, `bctrl-${directory.nodeId.slice(0, 8)}`),
      env: config.browserEnv,
      launchTimeoutMs: config.launchTimeoutMs,
      log,
    }),
  );
  const { ticketTtlMs } = config;
  const runtimes = new RuntimeManager({ node, store, ticketTtlMs, log });
  const addressOf = createPublicAddress(config);
  const server = stack.use(await openServer({ database, runtimes, addressOf, log }, config));
  // Ended before the server: meanwhile it answers that it is shutting down, and clients that hold
  // connections are told to go.
  stack.use(runtimes);
  // Last, so that a key is not made by a start that fails and never shows it.
  const newApiKey = await bootstrap(database, config.apiKey);
  log.info({ url: server.url }, 'listening');
  process.stdout.write(banner({ url: server.url, newApiKey }));

  log.info({ signal: await ending }, 'shutting down');
  setTimeout(() => process.exit(1), SHUTDOWN_MAX_MS).unref();
}

/** Resolves with the first signal to end; a second one ends the process at once. */
async function endSignal(): Promise<string> {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  return Promise.race(
    signals.map(async (signal) => {
      await once(process, signal);
      for (const again of signals) process.once(again, () => process.exit(1));
      return signal;
    }),
  );
}

// Who reads our output may leave; that is no reason to stop.
process.stdout.on('error', () => undefined);
try {
  await main();
  process.exit(0);
} catch (error) {
  process.stderr.write(`bctrl: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
