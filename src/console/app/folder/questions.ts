import { call, sentenceOf } from '../api.ts';
import { confirm } from '../confirm.tsx';
import type { StoredFile } from '../storage/contract.ts';
import { toast } from '../toasts.tsx';

/** Whether a file is to take the place of the one that has its name. */
export function isReplacing(name: string): Promise<boolean> {
  return confirm({
    title: `Replace ${name}?`,
    text: 'A file of this name is there. Its content is gone for good once the new one is stored.',
    verb: 'Replace',
  });
}

/** Asks, and deletes a file; false: it is still there. */
export async function removeFile(path: string, { id, name }: StoredFile): Promise<boolean> {
  const text = 'Its content is gone for good.';
  if (!(await confirm({ title: `Delete ${name}?`, text, verb: 'Delete' }))) return false;
  try {
    await call('DELETE', `${path}/files/${id}`);
    return true;
  } catch (error) {
    toast(`${name} is still there. ${sentenceOf(error)}`, { isBad: true });
    return false;
  }
}
