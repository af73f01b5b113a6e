import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type {
  DeliveryStore,
  Page,
  PageRequest,
  WebhookEvent,
  WebhookStore,
} from '../../src/runtime-manager/runtime/index.ts';

const PAGE = 100;
const ROOM = 1000;
/** The webhook that `fillTables` made, with many deliveries that are over. */
export const FULL_WEBHOOK = 'f1111111-1111-4111-8111-111111111111';

/** Carries out every statement of webhooks and of what they deliver, and leaves nothing. */
export async function keepWebhooks(
  store: WebhookStore & DeliveryStore,
  { organizationId, runtimeId, upTo }: { organizationId: string; runtimeId: string; upTo: string },
  walk: <T>(list: (page: PageRequest) => Promise<Page<T>>) => Promise<void>,
): Promise<void> {
  const scope = { organizationId, workspaceIds: undefined };
  const values = { url: 'http://a/', events: ['*'], secret: 's' };
  const none = { workspaceId: undefined, description: undefined };
  const { id = '' } = (await store.insert(organizationId, { ...values, ...none }, ROOM)) ?? {};
  await walk((page) => store.list(scope, page));
  assert(await store.find(scope, id));
  assert(await store.findTarget(scope, id));
  assert(await store.rotate(scope, id, { secret: 'newer', keepMs: 1000 }));
  await store.update(scope, id, { status: 'disabled' });
  await store.update(scope, id, { status: 'enabled', description: 'd' });
  for (const before of [undefined, '10000']) {
    await store.listDeliveries(FULL_WEBHOOK, { status: 'delivered', before }, PAGE);
  }
  await deliver(store, { id, organizationId, runtimeId, upTo });
  await store.hurry(id);
  await store.trim(FULL_WEBHOOK);
  assert(await store.remove(scope, id));
}

async function deliver(
  store: DeliveryStore,
  {
    id,
    organizationId,
    runtimeId,
    upTo,
  }: Record<'id' | 'organizationId' | 'runtimeId' | 'upTo', string>,
): Promise<void> {
  await store.countEnabled();
  const lease = { by: randomUUID(), forMs: 60_000 };
  const event: WebhookEvent = {
    id: upTo,
    type: 'runtime.created',
    runtimeId,
    workspaceId: organizationId,
    alias: 'a',
    data: {},
    createdAt: new Date(),
  };
  await store.claim(lease, { of: [organizationId], limit: 1 });
  await store.claim(lease, { of: undefined, limit: 10 });
  assert.equal(await store.renew(id, lease), false);
  const read = { upTo, types: ['runtime.created'] as const, most: PAGE, looks: PAGE };
  const webhook = { id, organizationId, workspaceId: undefined, position: '0' };
  const claimed = { ...webhook, url: '', secrets: [], events: [], failures: 0, hasPending: true };
  const from = { ...claimed, failingSince: undefined };
  assert((await store.readEvents(from, read)).reached);
  const turn = { position: upTo, failures: 0, failingSince: undefined, pauseMs: 0 };
  const records = [{ event, status: 'pending' as const, attempts: 1, nextAttemptInMs: 0 }];
  const done = { ...turn, records, hurries: true, disabled: 'gone' as const };
  await store.record(id, lease, done);
  await store.listDue(FULL_WEBHOOK, { runtimes: 20, each: 10 });
  await store.listBlocked(FULL_WEBHOOK, [runtimeId]);
  await store.countPending(FULL_WEBHOOK, PAGE);
  await store.release(id, lease.by);
}
