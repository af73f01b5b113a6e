import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

const LOCKED = 5; // SQLITE_BUSY

export interface DataDirectory extends Disposable {
  path: string;
  /** This machine's name for itself in the database; kept across restarts. */
  nodeId: string;
}

/**
 * Takes a data directory for this process alone, and makes it private to the user. The lock is one
 * that the operating system drops when the process ends, however it ends: SQLite's, since Node has
 * no other. Throws when another service holds the directory.
 */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const lock = tryLock(join(path, 'lock'));
  if (!lock) throw new Error(`Another bctrl is running on the data directory ${path}.`);
  return { path, nodeId: await readNodeId(path), [Symbol.dispose]: () => lock.close() };
}

/** Whether a service is running on a data directory. */
export async function isDataDirectoryInUse(path: string): Promise<boolean> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const lock = tryLock(join(path, 'lock'));
  lock?.close();
  return lock === undefined;
}

function tryLock(file: string): DatabaseSync | undefined {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (z.object({ errcode: z.literal(LOCKED) }).safeParse(error).success) return undefined;
    throw error;
  }
}

async function readNodeId(path: string): Promise<string> {
  const file = join(path, 'node-id');
  const known = await readFile(file, 'utf8').catch(() => '');
  const id = z.uuid().safeParse(known.trim());
  if (id.success) return id.data;
  const fresh = randomUUID();
  await writeFile(file, `${fresh}\n`, { mode: 0o600 });
  return fresh;
}
