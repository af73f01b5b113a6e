import { join } from 'node:path';
import manifest from '../../../package.json' with { type: 'json' };
import type { ReservedService } from '../../runtime-manager/index.ts';
import { Environment, parseEnvironment } from './environment.ts';
import { ineffectiveVariables } from './ineffective-variables.ts';
import { reservedServices } from './reserved-services.ts';
import { processConfig, type ProcessConfig } from './settings/cluster.ts';
import { machineConfig, type MachineConfig } from './settings/machine.ts';
import { runtimesConfig, type RuntimesConfig } from './settings/runtimes.ts';
import {
  databaseConfig,
  serverConfig,
  type DatabaseConfig,
  type ServerConfig,
} from './settings/server.ts';
import { storageConfig, type StorageConfig } from './settings/storage.ts';
import { tracedConfig, type TracedConfig } from './settings/tracing.ts';

/** What Chromium may know of the service's environment. */
const BROWSER_ENV = /^(PATH|LANG|LANGUAGE|LC_\w+|TZ|FONTCONFIG_\w+)$/;

export interface Config
  extends ServerConfig, MachineConfig, RuntimesConfig, StorageConfig, ProcessConfig, TracedConfig {
  /** The version of this service. */
  version: string;
  browserEnv: Record<string, string>;
  searchPath: string;
  /** The services that this one lives from, which browsers do not reach. */
  reservedServices: ReservedService[];
  /** A sentence about each variable that is set and changes nothing, such as one that is misspelt. */
  ineffectiveVariables: string[];
}

/** Throws one sentence that names every invalid variable, and no value. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  removeDriverDefaults();
  const values = parseEnvironment(Environment, env);
  const settings = {
    ...serverConfig(values),
    ...machineConfig(values),
    ...runtimesConfig(values),
    ...storageConfig(values),
    ...processConfig(values),
    ...tracedConfig(values),
  };
  return {
    ...settings,
    version: manifest.version,
    browserEnv: pick(env, BROWSER_ENV),
    searchPath: env['PATH'] ?? '',
    reservedServices: reservedServices(settings),
    ineffectiveVariables: ineffectiveVariables(env),
  };
}

/** For what uses the database alone, whatever else is set or missing. Throws as `loadConfig` does. */
export function loadDatabaseConfig(env: NodeJS.ProcessEnv = process.env): DatabaseConfig {
  removeDriverDefaults();
  const OfTheDatabase = Environment.pick({ DATABASE_URL: true, BCTRL_DATA_DIR: true });
  return databaseConfig(parseEnvironment(OfTheDatabase, env));
}

/** The database's driver takes these variables for defaults; only DATABASE_URL says where the database is. */
function removeDriverDefaults(): void {
  for (const name of Object.keys(process.env)) if (/^PG[A-Z]/.test(name)) delete process.env[name];
}

/** The directories that are a node's alone: of its browsers, and of their files on disk. */
export function browserRoots(
  { browserDir, dataDir }: Pick<Config, 'browserDir' | 'dataDir'>,
  nodeId: string,
): { root: string; filesRoot: string } {
  return {
    root: join(browserDir, `bctrl-${nodeId.slice(0, 8)}`),
    filesRoot: join(dataDir, 'files'),
  };
}

/** Where archives that are not in a bucket lie. */
export function archiveDir({ dataDir }: Pick<Config, 'dataDir'>): string {
  return join(dataDir, 'objects');
}

function pick(env: NodeJS.ProcessEnv, names: RegExp): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && names.test(name)) picked[name] = value;
  }
  return picked;
}
