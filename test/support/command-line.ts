import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { sql } from 'drizzle-orm';
import { inject } from 'vitest';
import { given } from './service-process.ts';
import type { Database } from '../../src/db/client.ts';
import { embeddedAddress } from '../../src/db/embedded.ts';
import { freshDirectory } from './storages.ts';

/** The environment of a command for a database, with a data directory of its own. */
export async function commandEnvironment({ db }: Pick<Database, 'db'>) {
  const [{ name } = { name: '' }] = await db.execute<{ name: string }>(
    sql`select current_database() as name`,
  );
  const { socketDir, user } = embeddedAddress(inject('postgresDataDir'));
  return {
    PATH: process.env['PATH'] ?? '',
    BCTRL_DATA_DIR: await freshDirectory(),
    DATABASE_URL: `postgres://${user}@${encodeURIComponent(socketDir)}/${name}`,
  };
}

/**
 * Runs a program of `src/api`, such as `cli/keys`, in a process of its own. Rejects with its code
 * and its output when it fails.
 */
export function runCommand(
  program: string,
  args: string[],
  env: Record<string, string>,
): Promise<{ stdout: string; stderr: string }> {
  // All of them load much of the same code.
  const cached = { ...given('NODE_COMPILE_CACHE'), ...env };
  const loading = ['--import', './src/api/loading.ts'];
  const all = [...loading, `src/api/${program}.ts`, ...args];
  return promisify(execFile)(process.execPath, all, { env: cached });
}
