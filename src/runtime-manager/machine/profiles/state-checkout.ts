import { mkdir } from 'node:fs/promises';
import type { Archive } from '../../profiles/profile.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import { Checkout } from './checkout.ts';
import { unpackState } from './local-profile.ts';

export interface StateCheckoutOptions {
  storage: ObjectStorage;
  /** The directory under which states are unpacked for the conversion. */
  root: string;
}

/**
 * A saved state, or an empty one, in a checkout that the caller removes. Throws
 * `profile.version_damaged` or `storage.object_missing`.
 */
export async function checkOutState(
  archive: Archive | undefined,
  { storage, root }: StateCheckoutOptions,
): Promise<Checkout> {
  const checkout = await Checkout.open(root);
  try {
    await mkdir(checkout.userDataDir, { mode: 0o700 });
    if (archive) await unpackState(archive, storage, checkout.userDataDir);
    return checkout;
  } catch (error) {
    await checkout.remove();
    throw error;
  }
}
