import { RuntimeError } from '../../runtime-manager/index.ts';
import type { Db } from '../client.ts';
import { isMissing, isViolation } from './database-errors.ts';
import { profileInUse } from './profile-holders.ts';

/** What it means that a runtime could not be made active: which law of the database it broke. */
export async function asRefusal(
  db: Db,
  cause: unknown,
  alias: string,
  profileId: string | undefined,
): Promise<unknown> {
  if (isViolation(cause, 'unique', 'runtimes_active_alias')) {
    const message = `An active runtime of this workspace has the alias ${alias}.`;
    return new RuntimeError('runtime.alias_in_use', message, { cause });
  }
  if (isViolation(cause, 'unique', 'runtimes_active_profile') && profileId !== undefined) {
    return profileInUse(db, profileId, cause);
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
