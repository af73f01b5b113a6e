import { parseArgs } from 'node:util';
import type { Logger } from 'pino';
import { EmbeddedPostgres } from '../db/embedded.ts';
import { killDescendants } from '../runtime-manager/index.ts';
import { banner } from './cli/banner.ts';
import { loadConfig, type Config } from './config/config.ts';
import { createLogger } from './config/logger.ts';
import { openService, type Service } from './service.ts';
import { Shutdown } from './shutdown.ts';

/**
 * How long an end without a database may take. What cannot be recorded is left to the next start.
 */
const NO_DATABASE_GRACE_MS = 5000;
const HELP = `usage: npm start

  Starts bctrl. It is configured with environment variables, which docs/configuration.md lists.
  By default, it listens on PORT=8787 and HOST=127.0.0.1.
`;

/** Opens everything, serves until told to end, and closes in reverse. Ends the process. */
async function main(): Promise<never> {
  const config = loadConfig();
  const log = createLogger(config.logLevel);
  for (const sentence of config.ineffectiveVariables) log.warn(sentence);
  const postgres =
    config.databaseUrl === undefined ? new EmbeddedPostgres(config.dataDir, log) : undefined;
  const shutdown = new Shutdown({
    log,
    kill: async () => {
      await postgres?.quit();
      killDescendants(process.pid);
    },
  });
  let failure: unknown;
  try {
    await using stack = new AsyncDisposableStack();
    const opening = openService(config, { log, postgres, stack });
    const serving = opening.then((service) => greet(service, config, log));
    serving.catch(() => undefined);
    await Promise.race([
      serving.then((service) => shutdown.allow(config.shutdownGraceMs, () => service.leave())),
      shutdown.due,
    ]);
    failure = await Promise.race([
      shutdown.due.then(() => undefined),
      postgres?.failed ?? shutdown.due.then(() => undefined),
    ]);
    if (failure !== undefined) {
      // The failure is told now, since the end may not be one in order.
      complain(failure);
      shutdown.allow(NO_DATABASE_GRACE_MS);
      shutdown.end('the embedded Postgres is gone');
    }
  } catch (error) {
    failure = error;
    complain(error);
  }
  // A start that was given up may still be opening something.
  return shutdown.now(failure === undefined ? 0 : 1);
}

function greet(service: Service, { version, role }: Config, log: Logger): Service {
  const { url, newApiKey, signInToken } = service;
  log.info({ url, version, role }, 'listening');
  process.stdout.write(banner({ url, newApiKey, signInToken, role }));
  return service;
}

function complain(error: unknown): void {
  process.stderr.write(`bctrl: ${error instanceof Error ? error.message : String(error)}\n`);
}

// Whoever reads our output may leave; that is no reason to stop.
process.stdout.on('error', () => undefined);
try {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) process.stdout.write(HELP);
  else await main();
} catch (error) {
  complain(error);
  process.exitCode = 1;
}
