import type { BrowserConfig, Launch, Runtime } from '../../runtime-manager/runtime/index.ts';
import type { runtimes } from '../schema/index.ts';
import type { Sealing } from '../sealing.ts';
import { sealConfig, unsealConfig } from './proxy-passwords.ts';

type Row = typeof runtimes.$inferSelect;

/** A row as the core knows it: null becomes undefined, and secrets are open. */
export function toRuntime(row: Row, secrets: Sealing): Runtime {
  const { failureCode, failureMessage, bytesIn, bytesOut, connections, ...rest } = row;
  const failure =
    failureCode === null ? undefined : { code: failureCode, message: failureMessage ?? '' };
  return {
    ...rest,
    launch: withConfig(row.launch, (config) => unsealConfig(config, secrets)),
    usage: { bytesIn, bytesOut, connections },
    failure,
    profileId: row.profileId ?? undefined,
    currentDriver: row.currentDriver ?? undefined,
    defaultContextId: row.defaultContextId ?? undefined,
    defaultPageId: row.defaultPageId ?? undefined,
    browserDirectory: row.browserDirectory ?? undefined,
    storageWorkspace: row.storageWorkspace ?? undefined,
    stopReason: row.stopReason ?? undefined,
    ...wishesOf(row),
    ...datesOf(row),
  };
}

function wishesOf(row: Row) {
  return {
    egress: row.egress ?? undefined,
    recording: row.recording ?? undefined,
    proxy: row.proxy ?? undefined,
  };
}

function datesOf(row: Row) {
  return {
    startedAt: row.startedAt ?? undefined,
    stoppedAt: row.stoppedAt ?? undefined,
    lastActivityAt: row.lastActivityAt ?? undefined,
    expiresAt: row.expiresAt ?? undefined,
    queuedAt: row.queuedAt ?? undefined,
  };
}

/** A launch as it is stored. */
export function sealLaunch(launch: Launch, secrets: Sealing): Launch {
  return withConfig(launch, (config) => sealConfig(config, secrets));
}

function withConfig(launch: Launch, change: (config: BrowserConfig) => BrowserConfig): Launch {
  if (launch.mode === 'profile' || !launch.config) return launch;
  return { ...launch, config: change(launch.config) };
}
