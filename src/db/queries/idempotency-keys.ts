import { and, eq, isNull, lt, or, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { idempotencyKeys } from '../schema/index.ts';

export const KEPT_HOURS = 24;

export interface RecordedRequest {
  request: string;
  /** Undefined while the request is being carried out. */
  answer: Buffer | undefined;
}

/**
 * Claims a key for a request. Resolves with the earlier request that holds the key, if there is
 * one. A key that this same service claimed for a request and never answered is free: the service
 * knows which requests it is carrying out.
 */
export async function claimKey(
  db: Db,
  claim: { id: string; request: string; nodeId: string },
): Promise<RecordedRequest | undefined> {
  const { request, nodeId } = claim;
  const [claimed] = await db
    .insert(idempotencyKeys)
    .values(claim)
    .onConflictDoUpdate({
      target: idempotencyKeys.id,
      set: { request, nodeId, answer: null, createdAt: sql`now()` },
      setWhere: sql`(${or(
        lt(idempotencyKeys.createdAt, oldest),
        and(isNull(idempotencyKeys.answer), eq(idempotencyKeys.nodeId, nodeId)),
      )})`,
    })
    .returning({ id: idempotencyKeys.id });
  return claimed ? undefined : findRequest(db, claim.id);
}

export async function findRequest(db: Db, id: string): Promise<RecordedRequest | undefined> {
  const [found] = await db.select().from(idempotencyKeys).where(eq(idempotencyKeys.id, id));
  return found && { request: found.request, answer: found.answer ?? undefined };
}

export async function saveAnswer(db: Db, id: string, answer: Buffer): Promise<void> {
  await db.update(idempotencyKeys).set({ answer }).where(eq(idempotencyKeys.id, id));
}

/** Frees a key whose request may be tried again. */
export async function releaseKey(db: Db, id: string): Promise<void> {
  await db.delete(idempotencyKeys).where(eq(idempotencyKeys.id, id));
}

/** Frees the keys of requests that a service did not finish before it ended. */
export async function releaseUnfinished(db: Db, nodeId: string): Promise<void> {
  await db
    .delete(idempotencyKeys)
    .where(and(eq(idempotencyKeys.nodeId, nodeId), isNull(idempotencyKeys.answer)));
}

const oldest = sql`now() - make_interval(hours => ${KEPT_HOURS})`;
