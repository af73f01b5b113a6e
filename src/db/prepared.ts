import { sql, type Column, type SQL } from 'drizzle-orm';
import type { Db } from './client.ts';

/**
 * A statement that is built once for each database, and prepared there: Drizzle takes longer to
 * build one than Postgres to carry it out. What varies in it is `given`.
 */
export function prepared<Statement>(build: (db: Db) => Statement): (db: Db) => Statement {
  const statements = new WeakMap<Db, Statement>();
  return (db) => {
    const known = statements.get(db) ?? build(db);
    statements.set(db, known);
    return known;
  };
}

/** The value of a column that a statement is executed with, under the column's name or another one. */
export function given(column: Column, name = column.name): SQL {
  const encoder = {
    mapToDriverValue: (value: unknown) =>
      value === null || value === undefined ? null : column.mapToDriverValue(value),
  };
  return sql`${sql.param(sql.placeholder(name), encoder)}`;
}
