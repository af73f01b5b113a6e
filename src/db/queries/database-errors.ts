import { DrizzleQueryError } from 'drizzle-orm';
import postgres from 'postgres';

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const VIOLATION = { unique: '23505', foreignKey: '23503', check: '23514' } as const;
const NOT_NULL_VIOLATION = '23502';

/**
 * The error classes of a database that is away, is going away, takes no writes or has no resources
 * left, and the driver's own codes for these.
 */
const UNAVAILABLE =
  /^(?:08|25006|53|57P|CONNECT|CONNECTION_|ECONN|ENOENT|ENOTFOUND|EPIPE|ETIMEDOUT|EHOST)/;

/** Whether a statement failed because no database can carry it out now. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' && UNAVAILABLE.test(code);
}

/** Whether a statement failed because of the named constraint or unique index. */
export function isViolation(
  error: unknown,
  kind: keyof typeof VIOLATION,
  constraint: string,
): boolean {
  const cause = postgresError(error);
  return cause?.code === VIOLATION[kind] && cause.constraint_name === constraint;
}

/** Whether a statement failed because it had no value for a column that must have one. */
export function isMissing(error: unknown, column: string): boolean {
  const cause = postgresError(error);
  return cause?.code === NOT_NULL_VIOLATION && cause.column_name === column;
}

function postgresError(error: unknown): postgres.PostgresError | undefined {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  return cause instanceof postgres.PostgresError ? cause : undefined;
}
