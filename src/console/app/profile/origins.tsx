import { useSignal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext, useEffect } from 'preact/hooks';
import { call } from '../api.ts';
import type { Runtime } from '../contract.ts';
import { hrefOf } from '../route.ts';
import type { ProfileView } from './profile-view.ts';

const NEWEST = 500;

/** The newest runtimes by their ids, among which are those that saved the last versions. */
export const RunOrigins = createContext<ReadonlyMap<string, Runtime>>(new Map());

export function useOrigins(view: ProfileView) {
  const found = useSignal<ReadonlyMap<string, Runtime>>(new Map());
  const load = async () => {
    const path = `/v1/runtimes?limit=${NEWEST}`;
    try {
      const { runtimes } = await call<{ runtimes: Runtime[] }>('GET', path);
      found.value = new Map(runtimes.map((runtime) => [runtime.id, runtime]));
    } catch {
      // Without their names, the ids are shown.
    }
  };
  useEffect(() => void load(), [view.versions.value?.[0]?.version]);
  return found;
}

/** The runtime that a version is from. */
export function Origin({ runtimeId }: { runtimeId: string }) {
  const runtime = useContext(RunOrigins).get(runtimeId);
  if (runtime) {
    return <a href={hrefOf('runtimes', runtime.workspaceId, runtime.id)}>{runtime.alias}</a>;
  }
  return <>{runtimeId.slice(0, 8)}</>;
}
