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
 * What indexes of all that an organization has are made of: other statements name the organization
 * beside a workspace or a runtime, and would be planned with an index of its id.
 */
export const organizationBytes = sql<Buffer>`uuid_send(organization_id)`;
