import { sql } from 'drizzle-orm';
import { timestamp } from 'drizzle-orm/pg-core';

/** A point in time, to the millisecond, as JavaScript keeps it. */
export const instant = () => timestamp({ withTimezone: true, precision: 3 });

export const createdAt = () => instant().notNull().defaultNow();

export const updatedAt = () =>
  instant()
    .notNull()
    .defaultNow()
    .$onUpdateFn(() => new Date());

/**
 * The expression in indexes over everything an organization has. Other statements name the
 * organization beside a workspace or a runtime, and would be planned with an index on the
 * organization's id.
 */
export const organizationBytes = sql<Buffer>`uuid_send(organization_id)`;
