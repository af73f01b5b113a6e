import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { packDirectory } from '../storage/archive.ts';
import { OBJECT_FOLDERS } from '../retention/orphans.ts';
import { LEFT_OUT, STATE_DIRECTORY } from '../machine/profiles/excluded-paths.ts';
import { Checkout, type CheckoutOwner } from '../machine/profiles/checkout.ts';
import type { Archive, NewVersion, ProfileVersion } from './profile.ts';
import { versionNotFound } from './profile-errors.ts';
import type { ProfileStore } from './profile-store.ts';

export interface ProfilesOptions {
  store: ProfileStore;
  storage: ObjectStorage;
  /** How often the state of a running browser is saved; 0 for never. */
  saveIntervalMs: number;
  /** How many versions of a profile are kept, and for how long. */
  keepVersions: { count: number; ageMs: number };
  log: Logger;
}

/**
 * The saved states of profiles. An archive is stored first, then recorded, so that every recorded
 * archive is there.
 */
export class Profiles {
  readonly store: ProfileStore;
  readonly storage: ObjectStorage;
  readonly saveIntervalMs: number;
  readonly #keep: { count: number; ageMs: number };
  readonly #log: Logger;

  constructor({ store, storage, saveIntervalMs, keepVersions, log }: ProfilesOptions) {
    this.store = store;
    this.storage = storage;
    this.saveIntervalMs = saveIntervalMs;
    this.#keep = keepVersions;
    this.#log = log;
  }

  /** Records a stored archive as a version, and forgets the versions that are too many. */
  async record(
    organizationId: string,
    profileId: string,
    version: NewVersion,
  ): Promise<ProfileVersion | undefined> {
    const recorded = await this.store.addVersion(organizationId, profileId, version);
    if (!recorded) await this.storage.delete(version.archive.key);
    await this.#prune(profileId);
    return recorded;
  }

  /** Throws `profile.version_not_found`. */
  async getVersion(
    organizationId: string,
    profileId: string,
    version: number,
  ): Promise<ProfileVersion> {
    const found = await this.store.findVersion(organizationId, profileId, version);
    if (found) return found;
    throw versionNotFound();
  }

  /** Copies a version to be the first of another profile. */
  async fork(version: ProfileVersion, organizationId: string, toProfileId: string): Promise<void> {
    const key = newKey(toProfileId);
    await this.storage.copy(version.key, key);
    const { sizeBytes, sha256 } = version;
    const archive = { key, sizeBytes, sha256 };
    const forked = { kind: 'forked', archive, fence: 0, runtimeId: undefined } as const;
    await this.record(organizationId, toProfileId, forked);
  }

  /** Removes the archives of a profile that is gone. */
  async removeArchives(profileId: string): Promise<void> {
    for await (const { key } of this.storage.list(`${OBJECT_FOLDERS.profiles}${profileId}/`)) {
      await this.storage.delete(key);
    }
  }

  /**
   * Makes versions, marked as recovered, of what an earlier process of the service left of running
   * browsers, and removes what else it left.
   */
  async recover(checkoutRoot: string): Promise<void> {
    await Checkout.removeUnclaimed(checkoutRoot);
    await this.recoverClaimed(checkoutRoot);
  }

  /** Recovers the states that writers left; there may be no active ones. */
  async recoverClaimed(checkoutRoot: string): Promise<void> {
    for (const { checkout, owner } of await Checkout.findClaimed(checkoutRoot)) {
      if (!owner) {
        this.#log.error({ checkout: checkout.path }, 'it cannot be told whose state this is');
        continue;
      }
      try {
        await this.#recover(checkout, owner);
      } catch (err) {
        // The next start of the service tries again.
        this.#log.error({ err, runtimeId: owner.runtimeId }, 'unsaved state was not recovered');
      }
    }
  }

  async #recover(checkout: Checkout, owner: CheckoutOwner): Promise<void> {
    const { organizationId, profileId, runtimeId, fence } = owner;
    if (!(await this.store.isSaved(profileId, fence))) {
      const archive = await packInto(this.storage, profileId, checkout.userDataDir);
      const version = { kind: 'recovered', archive, fence, runtimeId } as const;
      const recorded = await this.record(organizationId, profileId, version);
      this.#log.warn({ runtimeId, version: recorded?.version }, 'unsaved state was recovered');
    }
    await checkout.remove();
  }

  async #prune(profileId: string): Promise<void> {
    const { count, ageMs } = this.#keep;
    try {
      const since = new Date(Date.now() - ageMs);
      const pruned = await this.store.prune(profileId, { count, since });
      for (const { key } of pruned) await this.storage.delete(key);
    } catch (err) {
      this.#log.warn({ err }, 'old versions of a profile could not be removed');
    }
  }
}

/** The part of a user data directory that is kept. */
export const PACKED_STATE = { part: STATE_DIRECTORY, leftOut: LEFT_OUT };

/** Stores the state in a user data directory as an archive of a profile. */
export async function packInto(
  storage: ObjectStorage,
  profileId: string,
  userDataDir: string,
): Promise<Archive> {
  const key = newKey(profileId);
  const store = (content: Readable) => storage.put(key, content);
  const packed = await packDirectory(userDataDir, PACKED_STATE, store);
  return { key, ...packed };
}

function newKey(profileId: string): string {
  return `${OBJECT_FOLDERS.profiles}${profileId}/${randomUUID()}.tar.zst`;
}
