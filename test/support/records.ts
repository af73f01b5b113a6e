import { randomUUID } from 'node:crypto';
import type {
  NewRuntime,
  RunningMove,
  Runtime,
  RuntimeStore,
} from '../../src/runtime-manager/runtime/index.ts';

/** What a runtime that runs has of its browser. */
export const RUNNING: RunningMove = {
  to: 'running',
  proxy: undefined,
  extensions: [],
  warnings: [],
  defaultContextId: 'c',
  defaultPageId: 'p',
  browserDirectory: 'd',
};

/** The record of an ephemeral runtime in the workspace `default`, with what differs. */
export function newRecord(differs: Pick<NewRuntime, 'nodeId'> & Partial<NewRuntime>): NewRuntime {
  return {
    id: randomUUID(),
    workspace: 'default',
    alias: randomUUID(),
    kind: 'browser',
    driver: 'playwright',
    launch: { mode: 'ephemeral' },
    state: 'launching',
    idleTimeoutSeconds: 60,
    maxDurationSeconds: 600,
    profileId: undefined,
    writesProfile: false,
    egress: undefined,
    recording: undefined,
    ...differs,
  };
}

/** Records a runtime whose id is its own. */
export async function insertRecord(
  store: Pick<RuntimeStore, 'insert'>,
  organizationId: string,
  record: NewRuntime,
): Promise<Runtime> {
  return present(await store.insert(organizationId, record));
}

/** A runtime that has to be there. */
export function present(runtime: Runtime | undefined): Runtime {
  if (runtime) return runtime;
  throw new Error('the runtime is not there');
}
