import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Archive } from '../../profiles/profile.ts';
import { packInto } from '../../profiles/profiles.ts';
import type { GivenStorageState, StorageState } from '../../profiles/storage-state.ts';
import { checkOutState, type StateCheckoutOptions } from './state-checkout.ts';
import type { StorageStates } from './storage-states.ts';
import { unzipState, zipState } from './zip.ts';

export interface StateConverterOptions extends StateCheckoutOptions {
  /** Does what takes a browser. */
  storageStates: StorageStates;
}

/** The converter as whoever asks for conversions knows it. */
export type ProfileStates = Pick<StateConverter, keyof StateConverter>;

/** Converts saved states to forms that people and Playwright know, and back. */
export class StateConverter implements StorageStates {
  readonly #options: StateConverterOptions;

  constructor(options: StateConverterOptions) {
    this.#options = options;
  }

  /** Throws `profile.version_damaged` or `storage.object_missing`. */
  async toZip(archive: Archive): Promise<Readable> {
    const checkout = await checkOutState(archive, this.#options);
    try {
      const zip = await zipState(checkout.userDataDir);
      return zip.once('close', () => void checkout.remove());
    } catch (error) {
      await checkout.remove();
      throw error;
    }
  }

  /** Takes a zip file, and removes it. Throws `profile.invalid_import`. */
  async fromZip(profileId: string, file: string): Promise<Archive> {
    try {
      const checkout = await checkOutState(undefined, this.#options);
      try {
        await unzipState(file, checkout.userDataDir);
        return await packInto(this.#options.storage, profileId, checkout.userDataDir);
      } finally {
        await checkout.remove();
      }
    } finally {
      await rm(file, { force: true });
    }
  }

  toStorageState(archive: Archive, signal?: AbortSignal): Promise<StorageState> {
    return this.#options.storageStates.toStorageState(archive, signal);
  }

  fromStorageState(
    profileId: string,
    state: GivenStorageState,
    signal?: AbortSignal,
  ): Promise<Archive> {
    return this.#options.storageStates.fromStorageState(profileId, state, signal);
  }
}
