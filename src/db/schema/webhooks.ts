import { sql } from 'drizzle-orm';
import {
  bigint,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uuid,
} from 'drizzle-orm/pg-core';
import {
  DELIVERY_STATUSES,
  DISABLED_REASONS,
  WEBHOOK_STATUSES,
} from '../../runtime-manager/runtime/index.ts';
import { createdAt, instant, updatedAt } from './columns.ts';
import { organizations } from './organizations.ts';
import { workspaces } from './workspaces.ts';

/** What messages are signed with, sealed; the one before is good until `previousUntil`. */
export interface SealedSecrets {
  current: string;
  previous?: string;
}

/** Literal, as the conditions of indexes have to be. */
export const isEnabled = sql<boolean>`status = 'enabled'`;
export const isPending = sql<boolean>`status = 'pending'`;

/** Addresses that are told what happens, and how far each was told. */
export const webhooks = pgTable(
  'webhooks',
  {
    id: uuid().primaryKey().defaultRandom(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    /** Null: all workspaces. */
    workspaceId: uuid(),
    url: text().notNull(),
    events: text().array().notNull(),
    description: text(),
    status: text({ enum: WEBHOOK_STATUSES }).notNull().default('enabled'),
    disabledReason: text({ enum: DISABLED_REASONS }),
    secrets: jsonb().$type<SealedSecrets>().notNull(),
    previousUntil: instant(),
    /** The id of the last event that was delivered, or became a row of `webhook_deliveries`. */
    position: bigint({ mode: 'bigint' }).notNull(),
    /** Tries that failed since the last success, and since when. */
    failures: integer().notNull().default(0),
    failingSince: instant(),
    /** Until when nothing is tried. */
    pausedUntil: instant(),
    /** The process that delivers for it, and until when nobody else does. */
    leasedBy: uuid(),
    leasedUntil: instant(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    foreignKey({
      name: 'webhooks_workspace',
      columns: [table.organizationId, table.workspaceId],
      foreignColumns: [workspaces.organizationId, workspaces.id],
    }).onDelete('cascade'),
    index('webhooks_newest').on(table.organizationId, table.createdAt, table.id),
    index('webhooks_of_workspace').on(table.workspaceId),
    index('webhooks_enabled').on(table.organizationId).where(isEnabled),
  ],
);

/**
 * What waits for another try, or behind such a one of the same runtime; and for a while what became
 * of the others.
 */
export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    webhookId: uuid()
      .notNull()
      .references(() => webhooks.id, { onDelete: 'cascade' }),
    /** The event's, which may be gone by now. */
    eventId: bigint({ mode: 'bigint' }).notNull(),
    eventType: text().notNull(),
    runtimeId: uuid().notNull(),
    status: text({ enum: DELIVERY_STATUSES }).notNull(),
    attempts: integer().notNull(),
    /** What the receiver is told, for as long as it may have to be told. */
    event: jsonb().$type<Record<string, unknown>>(),
    responseStatus: integer(),
    error: text(),
    durationMs: integer(),
    firstAttemptAt: instant(),
    lastAttemptAt: instant(),
    /** Null while it waits behind another one. */
    nextAttemptAt: instant(),
    /** When the event happened. */
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ name: 'webhook_deliveries_of', columns: [table.webhookId, table.eventId] }),
    index('webhook_deliveries_due')
      .on(table.webhookId, table.nextAttemptAt)
      .where(sql`status = 'pending' and next_attempt_at is not null`),
    index('webhook_deliveries_queue')
      .on(table.webhookId, table.runtimeId, table.eventId)
      .where(isPending),
    index('webhook_deliveries_failed')
      .on(table.webhookId, table.createdAt)
      .where(sql`status = 'failed'`),
  ],
);
