import type { Runtime } from '../../runtime-manager/index.ts';
import type { runtimes } from '../schema/index.ts';

/** A row as the core knows it: absent is undefined. */
export function toRuntime(row: typeof runtimes.$inferSelect): Runtime {
  const { failureCode, failureMessage, ...rest } = row;
  const failure =
    failureCode === null ? undefined : { code: failureCode, message: failureMessage ?? '' };
  return {
    ...rest,
    failure,
    profileId: row.profileId ?? undefined,
    currentDriver: row.currentDriver ?? undefined,
    defaultContextId: row.defaultContextId ?? undefined,
    defaultPageId: row.defaultPageId ?? undefined,
    browserDirectory: row.browserDirectory ?? undefined,
    storageWorkspace: row.storageWorkspace ?? undefined,
    stopReason: row.stopReason ?? undefined,
    startedAt: row.startedAt ?? undefined,
    stoppedAt: row.stoppedAt ?? undefined,
    lastActivityAt: row.lastActivityAt ?? undefined,
    expiresAt: row.expiresAt ?? undefined,
  };
}
