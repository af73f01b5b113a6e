import { createCipheriv, createHash, randomBytes, randomUUID } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { decrypt, encrypt } from '../../src/db/aes-gcm.ts';
import { deriveKeys } from '../../src/db/derived-keys.ts';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { insertProfile } from '../../src/db/queries/browser-profiles.ts';
import { createProfileStore } from '../../src/db/queries/profile-versions.ts';
import { createWebhookStore } from '../../src/db/queries/webhooks.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import { resealAll } from '../../src/db/reseal.ts';
import { browserProfiles, sealing } from '../../src/db/schema/index.ts';
import { Sealing } from '../../src/db/sealing.ts';
import { openTestDatabase } from '../support/database.ts';
import { insertRecord, newRecord } from '../support/records.ts';

const OLD = 'the key of last year';
const NEW = 'the key of this year';
const PROXY = { type: 'http', host: 'proxy.example', port: 8080, username: 'u' } as const;

const database = await openTestDatabase();
const { db } = database;
afterAll(() => database[Symbol.asyncDispose]());

beforeEach(async () => {
  await db.execute(sql`truncate sealing, sealing_keys, organizations cascade`);
});

/** Opens and registers the keys as a starting service does. */
async function start(current: string, old: string[] = []): Promise<Sealing> {
  const opened = await Sealing.open(db, current, old);
  await opened.register(db);
  return opened;
}

async function addProfile(secrets: Sealing, password: string) {
  const { id: organizationId } = await insertOrganization(db, randomBytes(4).toString('hex'));
  const config = { proxy: { ...PROXY, password } };
  const values = { name: 'one', config, extensionIds: [], fingerprint: {} };
  const profile = await insertProfile(db, secrets, organizationId, values);
  if (!profile) throw new Error('the name is taken');
  return profile;
}

async function passwordOf(
  { id, organizationId }: { id: string; organizationId: string },
  by: Sealing,
) {
  const profile = await createProfileStore(db, by).findProfile(organizationId, id);
  return profile?.config.proxy?.password;
}

/** Seals as versions with a single key did: with its SHA-256, and without an id. */
function sealAsBefore(text: string, secret: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', createHash('sha256').update(secret).digest(), nonce);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return `sealed:${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')}`;
}

/** Fills the database as such a version left it, with one profile. */
async function openAsBefore(secret: string) {
  await db.insert(sealing).values({ sealed: sealAsBefore('bctrl', secret) });
  const { id: organizationId } = await insertOrganization(db, 'before');
  const config = { proxy: { ...PROXY, password: sealAsBefore('hush', secret) } };
  const values = { organizationId, name: 'before', config };
  const [profile] = await db.insert(browserProfiles).values(values).returning();
  if (!profile) throw new Error('nothing was inserted');
  return profile;
}

/** The whole message, since it must name no secret. */
const refusal =
  /^BCTRL_ENCRYPTION_KEY is not the key that this database's secrets are encrypted with, and BCTRL_ENCRYPTION_KEYS_OLD does not have it\.$/;

test('a sealed text says which key sealed it, and differs each time', async () => {
  const secrets = await start(NEW);
  const [first, second] = [secrets.seal('hush'), secrets.seal('hush')];
  expect(first).toMatch(/^sealed:[0-9a-f]{16}:[\w+/]+=*$/);
  expect(first).not.toBe(second);
  expect(secrets.unseal(first)).toBe('hush');
});

test('a text that was changed or cut short is refused', () => {
  const key = randomBytes(32);
  const bytes = encrypt('hush', key);
  expect(decrypt(bytes, key)).toBe('hush');
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => decrypt(changed, key)).toThrow();
    expect(() => decrypt(bytes.subarray(0, at), key)).toThrow();
  }
});

test('a key follows from its secret, salt and purpose alone', async () => {
  const keys = await Promise.all([
    deriveKeys(OLD, 'a'),
    deriveKeys(OLD, 'b'),
    deriveKeys(NEW, 'a'),
  ]);
  const all = keys.flatMap(({ id, ...purposes }) => [id, ...Object.values(purposes).map(String)]);
  expect(new Set(all).size).toBe(15);
  expect(await deriveKeys(OLD, 'a')).toEqual(keys[0]);
});

test('after a rotation the new key seals, and the old one still opens', async () => {
  const profile = await addProfile(await start(OLD), 'hush');
  const rotated = await start(NEW, [OLD]);
  expect(await passwordOf(profile, rotated)).toBe('hush');
  expect(rotated.seal('hush')).toContain(rotated.prefix);
  const { ticketKeys, nodeKeys, sessionKeys } = await Sealing.open(db, OLD, [NEW]);
  expect(rotated.ticketKeys).toEqual(ticketKeys.toReversed());
  expect(rotated.nodeKeys).toEqual(nodeKeys.toReversed());
  expect(rotated.sessionKeys).toEqual(sessionKeys.toReversed());
});

test('a start is refused while a key is missing, even when nothing was sealed yet', async () => {
  await start(OLD);
  await expect(Sealing.open(db, NEW)).rejects.toThrow(refusal);
  await start(NEW, [OLD]);
  await expect(Sealing.open(db, OLD)).rejects.toThrow(refusal);
  await expect(Sealing.open(db, NEW)).rejects.toThrow(refusal);
  await start(OLD, [NEW]);
});

test('one of two services that start at once with different keys is refused', async () => {
  const services = await Promise.all([Sealing.open(db, OLD), Sealing.open(db, NEW)]);
  const started = await Promise.allSettled(services.map((one) => one.register(db)));
  expect(started.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
});

test('opening without registering leaves no key behind', async () => {
  await Sealing.open(db, OLD);
  await start(NEW);
});

test('texts from before keys had ids stay readable with the same key', async () => {
  const profile = await openAsBefore(OLD);
  expect(await passwordOf(profile, await start(OLD))).toBe('hush');
  await expect(Sealing.open(db, NEW)).rejects.toThrow(refusal);
  expect(await passwordOf(profile, await Sealing.open(db, NEW, [OLD]))).toBe('hush');
});

test('resealing leaves nothing to old keys, and may be repeated', async () => {
  const before = await openAsBefore(OLD);
  const old = await start(OLD);
  const profile = await addProfile(old, 'secret');
  const store = createRuntimeStore(database, old, { maxRuntimesPerOrganization: 10 });
  const launch = {
    mode: 'ephemeral',
    config: { proxy: { ...PROXY, password: 'sesame' } },
  } as const;
  const { organizationId } = profile;
  const nodeId = randomUUID();
  const runtime = await insertRecord(store, organizationId, newRecord({ nodeId, launch }));
  const plain = await insertRecord(store, organizationId, newRecord({ nodeId }));

  const hook = { url: 'http://a/', events: ['*'], workspaceId: undefined, description: undefined };
  const webhooks = createWebhookStore(db, old);
  const made = await webhooks.insert(organizationId, { ...hook, secret: 'whsec_1' }, 1);
  const scope = { organizationId, workspaceIds: undefined };
  await webhooks.rotate(scope, made?.id ?? '', { secret: 'whsec_2', keepMs: 3_600_000 });

  const rotated = await start(NEW, [OLD]);
  expect(await resealAll(db, rotated)).toBe(5);
  expect(await resealAll(db, rotated)).toBe(0);

  await expect(Sealing.open(db, OLD)).rejects.toThrow(refusal);
  const alone = await start(NEW);
  expect(await passwordOf(before, alone)).toBe('hush');
  expect(await passwordOf(profile, alone)).toBe('secret');
  expect(await createWebhookStore(db, alone).findTarget(scope, made?.id ?? '')).toMatchObject({
    secrets: ['whsec_2', 'whsec_1'],
  });
  const runtimes = createRuntimeStore(database, alone, { maxRuntimesPerOrganization: 10 });
  const { workspaceId } = runtime;
  expect(await runtimes.find(organizationId, workspaceId, runtime.id)).toEqual(runtime);
  expect(await runtimes.find(organizationId, workspaceId, plain.id)).toEqual(plain);
  const [row] = await db.select().from(browserProfiles).where(eq(browserProfiles.id, profile.id));
  expect(row?.updatedAt).toEqual(profile.updatedAt);
});

test('more rows than a batch are resealed', async () => {
  const { organizationId } = await openAsBefore(OLD);
  const config = JSON.stringify({ proxy: { ...PROXY, password: sealAsBefore('hush', OLD) } });
  await db.execute(sql`insert into browser_profiles (organization_id, name, config)
    select ${organizationId}, n::text, ${config}::jsonb from generate_series(1, 450) n`);
  expect(await resealAll(db, await start(NEW, [OLD]))).toBe(451);
});

test('nothing is resealed before a service can read it', async () => {
  await addProfile(await start(OLD), 'hush');
  const rotated = await Sealing.open(db, NEW, [OLD]);
  await expect(resealAll(db, rotated)).rejects.toThrow('no service has started with this');
});

test('old keys are kept while a service still seals with one', async () => {
  const profile = await addProfile(await start(OLD), 'hush');
  const rotated = await start(NEW, [OLD]);
  // The trigger stands for a service that writes as fast as the command does.
  await db.execute(sql`create function seal_as_before() returns trigger language plpgsql
    as 'begin return old; end'`);
  await db.execute(sql`create trigger seal_as_before before update on browser_profiles
    for each row execute function seal_as_before()`);
  try {
    await expect(resealAll(db, rotated)).rejects.toThrow('a service still uses another');
  } finally {
    await db.execute(sql`drop function seal_as_before cascade`);
  }
  await expect(Sealing.open(db, NEW)).rejects.toThrow(refusal);
  expect(await passwordOf(profile, rotated)).toBe('hush');
});

test('the row of a password that no key opens is named', async () => {
  const secrets = await start(NEW);
  const { id } = await addProfile(secrets, 'hush');
  await db.execute(sql`update browser_profiles
    set config = jsonb_set(config, '{proxy,password}', '"sealed:AAAA"')`);
  await expect(resealAll(db, secrets)).rejects.toThrow(`the password of the profile ${id}`);
});
