import { call, CallError, sentenceOf } from '../api.ts';
import { confirm } from '../confirm.tsx';
import type { Workspace } from '../contract.ts';
import { toast } from '../toasts.tsx';

/** Browsers may have profiles to save. */
const TIMEOUT_MS = 180_000;

/** Asks, and deletes it; the result is whether it is gone. */
export async function deleteWorkspace({ id, name }: Workspace): Promise<boolean> {
  const text = 'The records of its runtimes, with their events and recordings, are gone for good.';
  if (!(await confirm({ title: `Delete ${name}?`, text, verb: 'Delete' }))) return false;
  try {
    await remove(id);
    return true;
  } catch (error) {
    if (!isInUse(error)) return complain(error);
  }
  const stopping = 'Runtimes are active in it. Their browsers end first.';
  const verb = 'Stop and delete';
  if (!(await confirm({ title: `Delete ${name}?`, text: stopping, verb }))) return false;
  try {
    await remove(id, '?force=true');
    return true;
  } catch (error) {
    return complain(error);
  }
}

async function remove(id: string, query = ''): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  await call('DELETE', `/v1/workspaces/${id}${query}`, { signal });
}

function isInUse(error: unknown): boolean {
  return error instanceof CallError && error.code === 'workspace.has_active_runtimes';
}

function complain(error: unknown): false {
  toast(sentenceOf(error), { isBad: true });
  return false;
}
