import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Db } from '../../src/db/client.ts';
import * as apiKeys from '../../src/db/queries/api-keys.ts';
import { createAuditStore } from '../../src/db/queries/audit-entries.ts';
import { createExtensionStore } from '../../src/db/queries/browser-extensions.ts';
import * as profiles from '../../src/db/queries/browser-profiles.ts';
import { createFileRecords } from '../../src/db/queries/file-checks.ts';
import { createFileStore } from '../../src/db/queries/files.ts';
import * as idempotency from '../../src/db/queries/idempotency-keys.ts';
import { createNodeStore } from '../../src/db/queries/nodes.ts';
import * as organizations from '../../src/db/queries/organizations.ts';
import { createOperationStore } from '../../src/db/queries/operations.ts';
import { createProfileStore } from '../../src/db/queries/profile-versions.ts';
import { createRecordingStore } from '../../src/db/queries/recordings.ts';
import { createRetentionStore } from '../../src/db/queries/retention.ts';
import { createRuntimeStore } from '../../src/db/queries/runtimes.ts';
import * as sealing from '../../src/db/queries/sealing.ts';
import { createStorageStore } from '../../src/db/queries/storages.ts';
import { createDeliveryStore } from '../../src/db/queries/webhook-deliveries.ts';
import { createWebhookStore } from '../../src/db/queries/webhooks.ts';
import * as workspaces from '../../src/db/queries/workspaces.ts';
import type { Sealing } from '../../src/db/sealing.ts';
import {
  RUNTIME_STATES,
  SCOPES,
  type Extension,
  type Page,
  type PageRequest,
} from '../../src/runtime-manager/runtime/index.ts';
import { BUSY } from './filled-tables.ts';
import { keepAudit } from './every-audit-statement.ts';
import { keepOperations } from './every-operation-statement.ts';
import { keepRecordings } from './every-recording-statement.ts';
import { keepFiles } from './every-file-statement.ts';
import { keepWebhooks } from './every-webhook-statement.ts';
import { insertRecord, newRecord, RUNNING } from './records.ts';

const PAGE = 100;
/** How many runtimes an organization may have active: more than there are. */
const ROOM = 100_000;
const A_WHILE_AGO = new Date(Date.now() - 600_000).toISOString();
/** A cursor as a page returns it: the time and the id of its last row. */
const DEEP = Buffer.from(`${A_WHILE_AGO} ${randomUUID()}`).toString('base64url');

/** Few, since the statement runs again and again. */
const FIRST_BATCH = { from: '-infinity', limit: 4 };
const OLD_MS = 500_000;

/** Reads the first page, and one that lies deep in what is over. */
async function walk<T>(list: (page: PageRequest) => Promise<Page<T>>): Promise<void> {
  const { nextCursor } = await list({ limit: PAGE, cursor: undefined });
  await list({ limit: PAGE, cursor: nextCursor });
  await list({ limit: PAGE, cursor: DEEP });
}

function newExtension(organizationId: string): Extension {
  return {
    id: randomUUID(),
    organizationId,
    name: 'new',
    version: '1',
    manifestVersion: 3,
    format: 'zip',
    contentHash: 'new',
    sizeBytes: 1,
    permissions: [],
    runtimeExtensionId: 'x',
    warnings: [],
    key: 'k',
    sha256: 's',
    archiveBytes: 1,
  };
}

/** Every function that carries out statements; each has to be called. */
function watch<T extends object>(functions: T, uncalled: Set<string>): T {
  const names = Object.entries(functions).filter(([, value]) => isStatement(value));
  for (const [name] of names) uncalled.add(name);
  return new Proxy(functions, {
    get: (target, name, receiver) => {
      uncalled.delete(String(name));
      return Reflect.get(target, name, receiver);
    },
  });
}

/** Stores hide their database; other functions take it first. */
function isStatement(value: unknown): boolean {
  return typeof value === 'function' && !/^(?:async )?function \w+\((?!db\b)/.test(String(value));
}

/**
 * Carries out every statement of `src/db/queries` in a database that `fillTables` filled, and leaves
 * nothing of it but an organization; a few of the oldest rows go. Resolves with the names of those that it does not know.
 */
export async function callEveryStatement(db: Db, secrets: Sealing): Promise<string[]> {
  const uncalled = new Set<string>();
  const options = { maxRuntimesPerOrganization: ROOM };
  const pools = { db, unhurried: db, durably: <T>(write: (to: Db) => Promise<T>) => write(db) };
  const { createApiKeyStore, ...keyQueries } = apiKeys;
  const keys = watch(createApiKeyStore(db), uncalled);
  const { createWorkspaceStore, ...workspaceQueries } = workspaces;
  const spaces = watch(createWorkspaceStore(db), uncalled);
  const runtimes = watch(createRuntimeStore(pools, secrets, options), uncalled);
  const { createBrowserProfileStore, ...profileQueries } = profiles;
  const identities = watch(createBrowserProfileStore(db, secrets), uncalled);
  const versions = watch(createProfileStore(db, secrets), uncalled);
  const extensions = watch(createExtensionStore(db), uncalled);
  const retention = watch(createRetentionStore(db), uncalled);
  const storages = watch(createStorageStore(db), uncalled);
  const nodes = watch(createNodeStore(pools), uncalled);
  const stored = watch(createFileStore(db), uncalled);
  const records = watch(createFileRecords(db), uncalled);
  const audit = watch(createAuditStore(db), uncalled);
  const recordings = watch(createRecordingStore(db), uncalled);
  const operations = watch(createOperationStore(db), uncalled);
  const webhooks = watch(
    { ...createWebhookStore(db, secrets), ...createDeliveryStore(pools, secrets) },
    uncalled,
  );
  const query = watch(
    {
      ...keyQueries,
      ...idempotency,
      ...organizations,
      ...profileQueries,
      ...sealing,
      ...workspaceQueries,
    },
    uncalled,
  );

  const org = (await query.findOrganization(db, BUSY))?.id ?? '';
  await query.findFirstOrganization(db);
  await query.insertOrganization(db, `another ${randomUUID()}`);
  await query.limitOrganization(db, BUSY, ROOM);

  const secret = randomUUID();
  const grant = { scopes: SCOPES, workspaceIds: undefined };
  const key = await keys.insert(org, { name: 'mine', secret, ...grant });
  await query.addApiKey(db, org, { name: 'another', secret: randomUUID(), ...grant, scopes: [] });
  await query.findKeyHolder(db, secret);
  await query.replaceApiKey(db, org, 'mine', randomUUID());
  await query.hasApiKeys(db, org);
  await walk((page) => keys.list(org, page));
  assert.equal(await keys.revoke(org, key.id, { keepAdmin: true }), 'absent');
  const [admin] = (await keys.list(org, { limit: 1, cursor: undefined })).items;
  assert.equal(await keys.revoke(org, admin?.id ?? '', { keepAdmin: true }), 'last_admin');

  const space = (await query.findWorkspace(db, org, 'default'))?.id ?? '';
  const { id: madeId = '' } = (await spaces.insert(org, { name: 'new', mounts: {} })) ?? {};
  await spaces.find(org, 'new');
  await spaces.update(org, madeId, { name: 'newer' });
  for (const ids of [undefined, [space, madeId]]) {
    await walk((page) => spaces.list(org, { ids }, page));
  }
  await spaces.remove(org, madeId);

  const values = { name: 'new', config: {}, extensionIds: [], fingerprint: {} };
  assert.equal(
    await query.insertProfile(db, secrets, org, { ...values, name: 'old 1' }),
    undefined,
  );
  const profileId = (await identities.insert(org, values))?.id ?? '';
  await identities.find(org, profileId);
  await identities.update(org, profileId, { name: 'newer' });
  await walk((page) => identities.list(org, page));
  await query.listProfiles(db, org, { limit: PAGE, cursor: undefined });

  const nodeId = randomUUID();
  const launch = { mode: 'profile', profileId } as const;
  const life = await insertRecord(
    runtimes,
    org,
    newRecord({ nodeId, alias: 'daily', launch, profileId, writesProfile: true }),
  );
  assert.equal((await runtimes.find(org, 'default', life.id))?.id, life.id);
  assert.equal((await runtimes.find(org, space, 'daily'))?.id, life.id);
  assert.equal(await runtimes.find(org, space, 'nobody'), undefined);
  await runtimes.findWorkspace(org, 'default');
  await identities.findWriter(profileId);
  const lease = await versions.lease(life, profileId);
  await runtimes.move(life, RUNNING);
  for (const states of [RUNTIME_STATES, ['failed'], ['launching', 'running']] as const) {
    for (const workspaceIds of [undefined, [space], [randomUUID(), space, randomUUID()]]) {
      await walk((page) => runtimes.list(org, { workspaceIds, states }, page));
    }
  }
  await runtimes.setDriver(life, 'puppeteer');
  await runtimes.setDefaultPage(life, 'q');
  await runtimes.setConnectionEpochs(life, { cdp: 1 });
  await runtimes.setProxy(life, undefined);
  const usage = { bytesIn: 1, bytesOut: 1, connections: 1 };
  await runtimes.recordActivity([{ ...life, lastActivityAt: new Date(), usage }]);
  assert.equal((await runtimes.listActive(nodeId)).length, 1);
  await runtimes.appendEvents(life, [{ type: 'page.crashed', data: {} }]);
  assert.equal((await runtimes.listEvents(org, life.id, { after: '0' }, PAGE)).length, 3);
  await runtimes.lastEventId(org, life.id);
  assert.deepEqual(await runtimes.listEventWriters(), []);
  const range = { after: '0', upTo: await runtimes.lastGivenEventId() };
  for (const workspaceIds of [undefined, [space]]) {
    const types = ['runtime.created'] as const;
    const { reached } = await runtimes.listOrganizationEvents(
      org,
      { ...range, types, workspaceIds },
      PAGE,
    );
    assert.notEqual(reached, undefined);
  }
  const crowd = { perRuntime: 1, writtenWithinMs: 120_000 };
  const [crowded] = await retention.findCrowded(nodeId, crowd);
  assert.equal(crowded?.runtimeId, life.id);
  assert.equal(await retention.removeEventsUpTo(life.id, crowded?.upTo ?? '', PAGE), 2);
  const place = { organizationId: org, runtimeId: life.id, workspaceId: space, nodeId };
  await keepFiles(stored, place);
  await keepRecordings(recordings, place);
  await keepOperations(operations, place);
  await keepAudit(audit, place, walk);
  await keepWebhooks(webhooks, { organizationId: org, runtimeId: life.id, upTo: range.upTo }, walk);
  const recorded = await records.listStored(PAGE);
  await records.listKept(recorded.map(({ id }) => id));
  await runtimes.move(life, { to: 'stopped', reason: 'requested' });
  await runtimes.revive(life, { nodeId, state: 'launching' });
  await runtimes.move({ ...life, generation: 2 }, { to: 'stopped', reason: 'requested' });
  const wait = { nodeId, state: 'accepted', waits: true } as const;
  const queued = await runtimes.revive({ ...life, generation: 2 }, wait);
  assert.equal((await runtimes.countWaiting(PAGE)).waiting, 1);
  assert.equal((await runtimes.pull({ id: nodeId, hasWebDriver: true }))?.id, queued?.id);
  const over = { to: 'stopped', reason: 'requested' } as const;
  assert.equal(await runtimes.withdraw({ ...life, generation: 3 }, over), undefined);
  await runtimes.move({ ...life, generation: 3 }, over);

  const { fence = 0 } = lease ?? {};
  const archive = { key: 'k', sizeBytes: 1, sha256: 's' };
  const version = { kind: 'saved', archive, fence, runtimeId: undefined } as const;
  await versions.addVersion(org, profileId, version);
  await versions.addVersion(org, profileId, version);
  await versions.findProfile(org, profileId);
  await versions.read(org, profileId);
  await versions.findVersion(org, profileId, 1);
  await versions.findVersionBefore(profileId, 2);
  await versions.isSaved(profileId, fence);
  await versions.prune(profileId, { count: 1, since: new Date(0) });
  await identities.restore(org, profileId, 2);
  await identities.listVersions(org, profileId);
  await runtimes.remove(org, life.id);
  await identities.remove(org, profileId);

  const extension = await extensions.insert(newExtension(org));
  await extensions.find(org, extension.id);
  await extensions.findContent(org, extension.contentHash);
  await extensions.findAll(org, [extension.id]);
  await extensions.rename(org, extension.id, 'newer');
  await walk((page) => extensions.list(org, page));
  assert.equal(await extensions.remove(org, extension.id), 'removed');

  const member = { id: nodeId, role: 'all', address: undefined, build: 'b', protocol: 1 } as const;
  const mine = await nodes.join(member, 60_000);
  assert.equal(await nodes.renew(mine, 60_000), 'up');
  await nodes.drain(mine);
  await nodes.undrain(mine);
  assert.equal((await nodes.list()).length, 1);
  const gone = await nodes.join({ ...member, id: randomUUID() }, -1);
  await insertRecord(runtimes, org, newRecord({ nodeId: gone.id }));
  const lost = await nodes.declareLost([nodeId, gone.id]);
  await insertRecord(runtimes, org, newRecord({ nodeId: gone.id }));
  const late = await nodes.failLate();
  for (const { id } of [...lost.runtimes, ...late]) await runtimes.remove(org, id);
  assert.deepEqual([lost.nodeIds, lost.runtimes.length, late.length], [[gone.id], 1, 1]);
  await nodes.leave(mine);

  const claim = { id: 'new', request: 'r', nodeId };
  await query.claimKey(db, claim);
  await query.claimKey(db, claim);
  await query.findRequest(db, 'new');
  await query.saveAnswer(db, claim, Buffer.from('a'));
  await query.releaseKey(db, claim);
  await query.releaseUnfinished(db, nodeId);

  for (const what of ['removeRuntimes', 'removeEvents'] as const) {
    const { next = '-infinity' } = await retention[what](OLD_MS, FIRST_BATCH);
    await retention[what](OLD_MS, { ...FIRST_BATCH, from: next });
  }
  await retention.removeOperations(OLD_MS, FIRST_BATCH);
  await retention.removeAuditEntries(OLD_MS, FIRST_BATCH);
  await retention.removeIdempotencyKeys(FIRST_BATCH);
  await retention.countRuntimes(OLD_MS, PAGE);
  await retention.countEvents(OLD_MS, PAGE);

  await query.readSealing(db);
  await query.registerKey(db, secrets.id, () => undefined);
  for (const owner of sealing.PASSWORD_OWNERS) {
    const from = '80000000-0000-0000-0000-000000000000';
    const [one] = await query.listPasswords(db, owner, { from, limit: PAGE });
    await query.replacePassword(db, owner, { id: one?.id ?? '', from: 'none', to: 'other' });
  }
  await query.forgetKeys(db, [secrets.id]);

  await storages.databaseId();
  const marker = await storages.insert();
  assert.equal(await storages.isOurs(marker), true);
  assert.notEqual(await storages.beginSweep(marker, { everyMs: 1, graceMs: 1 }), undefined);
  assert.equal((await storages.namedKeys(['new', 'extension 1', 'file 1'])).size, 2);
  await storages.remove(marker.storageId);

  return [...uncalled];
}
