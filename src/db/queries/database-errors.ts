import { DrizzleQueryError } from 'drizzle-orm';
import postgres from 'postgres';

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const VIOLATION = { unique: '23505', foreignKey: '23503' } as const;

/** Whether a statement failed because of the named constraint or unique index. */
export function isViolation(
  error: unknown,
  kind: keyof typeof VIOLATION,
  constraint: string,
): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  return (
    cause instanceof postgres.PostgresError &&
    cause.code === VIOLATION[kind] &&
    cause.constraint_name === constraint
  );
}
