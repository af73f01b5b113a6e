import { pgTable, uuid } from 'drizzle-orm/pg-core';
import { createdAt, instant } from './columns.ts';

/**
 * The places that archives of this database lie in: a bucket, or a directory of a machine. Each
 * place carries a marker with its id here and one of the two sweep ids. Every sweep replaces the
 * marker, so that of two copies of a database only one can go on.
 */
export const storages = pgTable('storages', {
  id: uuid().primaryKey().defaultRandom(),
  /** What the marker says, or is just about to. */
  sweepId: uuid().notNull().defaultRandom(),
  /** What the marker said before; null before the first sweep. */
  previousSweepId: uuid(),
  /** When this database began to own the place. */
  createdAt: createdAt(),
  sweptAt: instant(),
});
