import { call, sentenceOf } from '../api.ts';
import { confirm } from '../confirm.tsx';
import type { Extension } from '../contract.ts';
import { toast } from '../toasts.tsx';

/** Asks, and deletes an extension; false: it is still there. */
export async function removeExtension({ id, name }: Extension): Promise<boolean> {
  const text = 'Its package is gone for good. What profiles and active runtimes use stays.';
  if (!(await confirm({ title: `Delete ${name}?`, text, verb: 'Delete' }))) return false;
  try {
    await call('DELETE', `/v1/browser-extensions/${id}`);
    return true;
  } catch (error) {
    toast(`${name} is still there. ${sentenceOf(error)}`, { isBad: true });
    return false;
  }
}
