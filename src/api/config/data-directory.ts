import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

const LOCKED = 5; // SQLITE_BUSY
/** Names the process that holds the lock; worth nothing while none does. */
const PID_FILE = 'pid';
const ENCRYPTION_KEY_FILE = 'encryption-key';

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
  const lock = await lockIn(path);
  if (!lock) throw new Error(`Another bctrl is running on the data directory ${path}.`);
  await writeFile(join(path, PID_FILE), `${process.pid}\n`, { mode: 0o600 });
  return { path, nodeId: await readNodeId(path), [Symbol.dispose]: () => lock.close() };
}

/** The process of the service that runs on a data directory; undefined when none does. */
export async function findService(path: string): Promise<number | undefined> {
  if (!(await isDataDirectoryInUse(path))) return undefined;
  return Number(await readFile(join(path, PID_FILE), 'utf8'));
}

/** Whether a service is running on a data directory. */
export async function isDataDirectoryInUse(path: string): Promise<boolean> {
  const lock = await lockIn(path);
  lock?.close();
  return lock === undefined;
}

async function lockIn(path: string): Promise<DatabaseSync | undefined> {
  try {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o700);
    return tryLock(join(path, 'lock'));
  } catch (cause) {
    throw new Error(`BCTRL_DATA_DIR ${path} cannot be used: ${String(cause)}`, { cause });
  }
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

/** The generated key of the secrets in the database; undefined when there is none. */
export async function findEncryptionKey(path: string): Promise<string | undefined> {
  const known = await readFile(join(path, ENCRYPTION_KEY_FILE), 'utf8').catch(ignoreAbsence);
  // Only the end of the line is cut off: a key may have spaces at its ends.
  return known?.replace(/\r?\n$/, '') || undefined;
}

export async function createEncryptionKey(path: string): Promise<string> {
  const fresh = randomBytes(32).toString('base64url');
  const file = join(path, ENCRYPTION_KEY_FILE);
  await writeFile(file, `${fresh}\n`, { mode: 0o600, flush: true });
  return fresh;
}

/** A key that is there and cannot be read must not be replaced. */
function ignoreAbsence(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}

/** The machine's name for itself, made when it has none yet. */
export async function readNodeId(path: string): Promise<string> {
  const file = join(path, 'node-id');
  const known = await readFile(file, 'utf8').catch(() => '');
  const id = z.uuid().safeParse(known.trim());
  if (id.success) return id.data;
  const fresh = randomUUID();
  await writeFile(file, `${fresh}\n`, { mode: 0o600 });
  return fresh;
}
