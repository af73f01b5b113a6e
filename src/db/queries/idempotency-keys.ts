import { and, eq, exists, gt, isNull, lt, notExists, or, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { idempotencyKeys, isGone, nodes } from '../schema/index.ts';

export const KEPT_HOURS = 24;

/** A key and whoever carries its request out. */
export interface KeyHolder {
  id: string;
  nodeId: string;
}

export interface RecordedRequest {
  request: string;
  /** Undefined while the request is being carried out. */
  answer: Buffer | undefined;
}

/**
 * Claims a key for a request. Resolves with the id for the runtime that the request makes, or with
 * undefined when an earlier request holds the key.
 *
 * A key is taken over, with the id of its runtime, for the same request when whoever claimed it is
 * gone without an answer. That is so for another life of this same service, which knows which
 * requests it is carrying out itself, and for processes of the cluster that are lost, have left, or
 * have begun another life since. A service that is in no cluster is never gone for others.
 */
export async function claimKey(
  db: Db,
  claim: KeyHolder & { request: string },
): Promise<string | undefined> {
  const { request, nodeId } = claim;
  const { runtimeId } = idempotencyKeys;
  const isForsaken = and(
    isNull(idempotencyKeys.answer),
    eq(idempotencyKeys.request, request),
    or(eq(idempotencyKeys.nodeId, nodeId), exists(goneClaimer(db))),
  );
  const [claimed] = await db
    .insert(idempotencyKeys)
    .values(claim)
    .onConflictDoUpdate({
      target: idempotencyKeys.id,
      set: {
        request,
        nodeId,
        runtimeId: sql`case when ${isOld} then gen_random_uuid() else ${runtimeId} end`,
        answer: null,
        createdAt: sql`now()`,
      },
      setWhere: sql`(${or(isOld, isForsaken)})`,
    })
    .returning({ runtimeId });
  return claimed?.runtimeId;
}

export async function findRequest(db: Db, id: string): Promise<RecordedRequest | undefined> {
  const [found] = await db.select().from(idempotencyKeys).where(eq(idempotencyKeys.id, id));
  return found && { request: found.request, answer: found.answer ?? undefined };
}

/** Does nothing when another process has taken the key over. */
export async function saveAnswer(db: Db, holder: KeyHolder, answer: Buffer): Promise<void> {
  await db.update(idempotencyKeys).set({ answer }).where(isHeld(holder));
}

/** Frees a key whose request may be tried again, unless another process has taken the key over. */
export async function releaseKey(db: Db, holder: KeyHolder): Promise<void> {
  await db.delete(idempotencyKeys).where(isHeld(holder));
}

/**
 * Frees the keys of requests that a service did not finish before it ended. In a cluster the keys
 * stay: whoever asks again takes them over.
 */
export async function releaseUnfinished(db: Db, nodeId: string): Promise<void> {
  const joined = db.select({ id: nodes.id }).from(nodes).where(eq(nodes.id, nodeId));
  await db
    .delete(idempotencyKeys)
    .where(
      and(eq(idempotencyKeys.nodeId, nodeId), isNull(idempotencyKeys.answer), notExists(joined)),
    );
}

const isOld = lt(idempotencyKeys.createdAt, sql`now() - make_interval(hours => ${KEPT_HOURS})`);

/** The process that claimed a key, when that life of it is over. */
function goneClaimer(db: Db) {
  return db
    .select({ id: nodes.id })
    .from(nodes)
    .where(
      and(
        eq(nodes.id, idempotencyKeys.nodeId),
        or(
          isGone,
          lt(nodes.leaseUntil, sql`now()`),
          gt(nodes.startedAt, idempotencyKeys.createdAt),
        ),
      ),
    );
}

function isHeld({ id, nodeId }: KeyHolder) {
  return and(
    eq(idempotencyKeys.id, id),
    eq(idempotencyKeys.nodeId, nodeId),
    isNull(idempotencyKeys.answer),
  );
}
