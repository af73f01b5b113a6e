import { profileInUse, RuntimeError } from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { isMissing, isViolation } from './database-errors.ts';
import { findProfileWriter } from './profile-writers.ts';

interface Attempt {
  alias: string;
  profileId: string | undefined;
  /** Finds the workspace's runtime that the alias means. */
  findNamesake: () => Promise<{ id: string; alias: string; createdAt: Date } | undefined>;
}

/** The error for a runtime that could not be made active, by the constraint that it broke. */
export async function asRefusal(
  db: Db,
  cause: unknown,
  { alias, profileId, findNamesake }: Attempt,
): Promise<unknown> {
  if (isViolation(cause, 'unique', 'runtimes_active_alias')) {
    return aliasInUse(alias, await findNamesake(), cause);
  }
  if (isViolation(cause, 'unique', 'runtimes_active_profile') && profileId !== undefined) {
    return profileInUse(await findProfileWriter(db, profileId), cause);
  }
  if (isViolation(cause, 'check', 'runtimes_quota')) {
    const message = 'The organization has as many active runtimes as it may have.';
    return new RuntimeError('runtime.quota_exceeded', message, { cause });
  }
  if (isMissing(cause, 'workspace_id') || isViolation(cause, 'foreignKey', 'runtimes_workspace')) {
    return new RuntimeError('workspace.not_found', 'There is no such workspace.', { cause });
  }
  if (isViolation(cause, 'foreignKey', 'runtimes_profile')) {
    return new RuntimeError('profile.not_found', 'There is no such profile.', { cause });
  }
  return cause;
}

function aliasInUse(
  alias: string,
  namesake: Awaited<ReturnType<Attempt['findNamesake']>>,
  cause: unknown,
): RuntimeError {
  // The namesake may be gone meanwhile, and an alias may be another runtime's id.
  const holder = namesake?.alias === alias ? namesake : undefined;
  const who = holder ? `The active runtime ${holder.id}` : 'An active runtime';
  const message = `${who} of this workspace has the alias ${alias}: stop it, or choose another alias.`;
  return new RuntimeError('runtime.alias_in_use', message, {
    cause,
    ...(holder && {
      details: { runtimeId: holder.id, alias, since: holder.createdAt.toISOString() },
    }),
  });
}
