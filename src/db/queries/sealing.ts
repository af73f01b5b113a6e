import { asc, eq, inArray, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { browserProfiles, runtimes, sealing, sealingKeys, webhooks } from '../schema/index.ts';

/** What a database says about the keys of its sealed texts. */
export interface SealingRecord {
  /** A UUID. */
  salt: string;
  /**
   * A text sealed with the key of the texts that name no key; undefined when there are no such
   * texts.
   */
  sealed: string | undefined;
  keyIds: string[];
}

type Reader = Pick<Db, 'select'>;

export async function readSealing(db: Db): Promise<SealingRecord> {
  await db.insert(sealing).values({}).onConflictDoNothing();
  return read(db);
}

/** Adds a key, unless `assertAllowed` throws. Services that start together add keys one by one. */
export async function registerKey(
  db: Db,
  id: string,
  assertAllowed: (record: SealingRecord) => void,
): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.select().from(sealing).where(isTheRow).for('update');
    assertAllowed(await read(tx));
    await tx.insert(sealingKeys).values({ id }).onConflictDoNothing();
  });
}

/** Forgets keys that no text is sealed with any more, and the key of the texts that name none. */
export async function forgetKeys(db: Db, ids: string[]): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.update(sealing).set({ sealed: null }).where(isTheRow);
    await tx.delete(sealingKeys).where(inArray(sealingKeys.id, ids));
  });
}

const isTheRow = eq(sealing.id, true);

async function read(db: Reader): Promise<SealingRecord> {
  const [row] = await db.select().from(sealing).where(isTheRow);
  if (!row) throw new Error('the row of sealing is gone');
  const keys = await db.select().from(sealingKeys).orderBy(asc(sealingKeys.id));
  return { salt: row.salt, sealed: row.sealed ?? undefined, keyIds: keys.map(({ id }) => id) };
}

/** The places of sealed passwords, by the shapes of `BrowserConfig`, `Launch` and `SealedSecrets`. */
const PASSWORDS = {
  profile: { table: browserProfiles, json: sql`config`, path: sql`'{proxy,password}'` },
  runtime: { table: runtimes, json: sql`launch`, path: sql`'{config,proxy,password}'` },
  webhook: { table: webhooks, json: sql`secrets`, path: sql`'{current}'` },
  'former webhook secret': { table: webhooks, json: sql`secrets`, path: sql`'{previous}'` },
};

export type PasswordOwner = keyof typeof PASSWORDS;
export const PASSWORD_OWNERS: readonly PasswordOwner[] = [
  'profile',
  'runtime',
  'webhook',
  'former webhook secret',
];

/** `from`: the id after which a batch begins. */
export async function listPasswords(
  db: Db,
  owner: PasswordOwner,
  { from, limit }: { from: string; limit: number },
): Promise<{ id: string; sealed: string | null }[]> {
  const { table, json, path } = PASSWORDS[owner];
  return db.execute<{ id: string; sealed: string | null }>(sql`
    select id, ${json} #>> ${path} as sealed from ${table}
    where id > ${from} order by id limit ${limit}`);
}

/** Does nothing when the password has changed meanwhile. */
export async function replacePassword(
  db: Db,
  owner: PasswordOwner,
  { id, from, to }: { id: string; from: string; to: string },
): Promise<void> {
  const { table, json, path } = PASSWORDS[owner];
  await db.execute(sql`
    update ${table} set ${json} = jsonb_set(${json}, ${path}, to_jsonb(${to}::text))
    where id = ${id} and ${json} #>> ${path} = ${from}`);
}
