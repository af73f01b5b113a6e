import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

const Visit = z.object({ url: z.string() });
/** `https_example.com_0.indexeddb.leveldb`; 0 stands for the scheme's default port. */
const DATABASE = /^(https?)_(.+)_(\d+)\.indexeddb\.leveldb$/;

/**
 * The origins that may keep something in the user data directory of a browser that is gone: those
 * that were visited, and those that have databases.
 */
export async function originsOf(userDataDir: string): Promise<string[]> {
  const profile = join(userDataDir, 'Default');
  const databases = await readdir(join(profile, 'IndexedDB')).catch(() => []);
  const kept = databases.flatMap((name) => {
    const [, scheme, host, port] = DATABASE.exec(name) ?? [];
    return scheme === undefined ? [] : [`${scheme}://${host}${port === '0' ? '' : `:${port}`}`];
  });
  return [...new Set([...visitedOrigins(join(profile, 'History')), ...kept])];
}

function visitedOrigins(file: string): string[] {
  try {
    const history = new DatabaseSync(file, { readOnly: true });
    try {
      const visits = z.array(Visit).parse(history.prepare('SELECT url FROM urls').all());
      const urls = visits.map(({ url }) => new URL(url));
      return urls.filter(({ protocol }) => /^https?:$/.test(protocol)).map(({ origin }) => origin);
    } finally {
      history.close();
    }
  } catch {
    // Nothing was visited yet.
    return [];
  }
}
