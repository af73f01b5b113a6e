import type { Db } from './client.ts';
import {
  forgetKeys,
  listPasswords,
  PASSWORD_OWNERS,
  readSealing,
  replacePassword,
  type PasswordOwner,
} from './queries/sealing.ts';
import type { Sealing } from './sealing.ts';

const BEFORE_ALL_IDS = '00000000-0000-0000-0000-000000000000';
const BATCH_ROWS = 200;
/**
 * The second pass finds what was written behind the first one. If a later pass finds more, a
 * service writes it.
 */
const PASSES_MAX = 3;

/**
 * Seals anew, with the current key, every text that another key sealed, and forgets the other keys.
 * Resolves with how many texts there were. Services go on meanwhile. Throws one sentence when a
 * service might not read what the current key seals, when a service still seals with another key,
 * or when no key opens a text; what was done until then stays.
 */
export async function resealAll(db: Db, sealing: Sealing): Promise<number> {
  const { keyIds } = await readSealing(db);
  if (!keyIds.includes(sealing.id)) {
    throw new Error('no service has started with this BCTRL_ENCRYPTION_KEY yet: start it first.');
  }
  const others = keyIds.filter((id) => id !== sealing.id);
  let count = 0;
  for (let pass = 1; pass <= PASSES_MAX; pass++) {
    const found = await resealOnce(db, sealing);
    count += found;
    if (found > 0) continue;
    await forgetKeys(db, others);
    return count;
  }
  throw new Error(
    'a service still uses another BCTRL_ENCRYPTION_KEY: restart it with this one, and run this again.',
  );
}

async function resealOnce(db: Db, sealing: Sealing): Promise<number> {
  let count = 0;
  for (const owner of PASSWORD_OWNERS) {
    for (let from: string | undefined = BEFORE_ALL_IDS; from !== undefined;) {
      const batch = await listPasswords(db, owner, { from, limit: BATCH_ROWS });
      const stale = batch.flatMap(({ id, sealed }) =>
        sealed === null || sealed.startsWith(sealing.prefix) ? [] : [{ id, sealed }],
      );
      await Promise.all(stale.map((password) => reseal(db, sealing, owner, password)));
      count += stale.length;
      from = batch.length < BATCH_ROWS ? undefined : batch.at(-1)?.id;
    }
  }
  return count;
}

/** Takes one statement for each row, which waits for nobody but the holder of that row. */
async function reseal(
  db: Db,
  sealing: Sealing,
  owner: PasswordOwner,
  { id, sealed }: { id: string; sealed: string },
): Promise<void> {
  await replacePassword(db, owner, { id, from: sealed, to: sealing.seal(open()) });

  function open(): string {
    try {
      return sealing.unseal(sealed);
    } catch (cause) {
      throw new Error(`no key opens the password of the ${owner} ${id}.`, { cause });
    }
  }
}
