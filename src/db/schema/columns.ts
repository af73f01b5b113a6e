import { timestamp } from 'drizzle-orm/pg-core';

/** A point in time, to the millisecond, as JavaScript keeps it. */
export const instant = () => timestamp({ withTimezone: true, precision: 3 });

export const createdAt = () => instant().notNull().defaultNow();

export const updatedAt = () =>
  instant()
    .notNull()
    .defaultNow()
    .$onUpdateFn(() => new Date());
