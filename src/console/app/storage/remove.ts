import { call, CallError, sentenceOf } from '../api.ts';
import { confirm } from '../confirm.tsx';
import { toast } from '../toasts.tsx';
import type { Namespace } from './contract.ts';

/** Asks, and deletes a namespace, also with its files; false: it is still there. */
export async function removeNamespace({ id, name }: Namespace): Promise<boolean> {
  const text = 'Workspaces that mount it have no place for their files then.';
  if (!(await confirm({ title: `Delete ${name}?`, text, verb: 'Delete' }))) return false;
  try {
    return (await remove(id)) || (await removeWithFiles({ id, name }));
  } catch (error) {
    toast(`${name} is still there. ${sentenceOf(error)}`, { isBad: true });
    return false;
  }
}

async function removeWithFiles({ id, name }: Pick<Namespace, 'id' | 'name'>): Promise<boolean> {
  const question = {
    title: `${name} has files`,
    text: 'They are deleted with it, and are gone for good.',
    verb: 'Delete all of them',
  };
  return (await confirm(question)) && remove(id, '?force=true');
}

/** False: it has files. */
async function remove(id: string, query = ''): Promise<boolean> {
  try {
    await call('DELETE', `/v1/storage/${id}${query}`);
    return true;
  } catch (error) {
    if (error instanceof CallError && error.code === 'storage.not_empty') return false;
    throw error;
  }
}
