import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ProfileStates } from '../machine/profiles/state-converter.ts';
import type { Actor } from '../runtime/actor.ts';
import type { BrowserProfile } from './browser-profile.ts';
import type { BrowserProfiles } from './browser-profiles.ts';
import type { Archive, ProfileVersion } from './profile.ts';
import { profileInUse, profileNotFound } from './profile-errors.ts';
import type { Profiles } from './profiles.ts';
import type { GivenStorageState, StorageState } from './storage-state.ts';

export interface ProfileTransfersOptions {
  browserProfiles: BrowserProfiles;
  profiles: Profiles;
  states: ProfileStates;
  /** The folder that holds an uploaded zip until it is imported. */
  uploadDir: string;
}

/** A version that was just made, and its profile. */
export interface ImportedVersion {
  version: ProfileVersion;
  profile: BrowserProfile;
}

/**
 * Exports and imports the state of profiles. An export throws `profile.not_found`,
 * `profile.version_not_found` or `profile.version_damaged`; an import throws `profile.not_found`,
 * `profile.in_use` or `profile.invalid_import`.
 */
export class ProfileTransfers {
  readonly #options: ProfileTransfersOptions;

  constructor(options: ProfileTransfersOptions) {
    this.#options = options;
  }

  /** A version as a zip of its files; `open` makes the zip. */
  async exportZip(
    actor: Actor,
    ref: string,
    version: number,
  ): Promise<{ profile: BrowserProfile; open: () => Promise<Readable> }> {
    const { profile, archive } = await this.#version(actor, ref, version);
    return { profile, open: () => this.#options.states.toZip(archive) };
  }

  async exportState(actor: Actor, ref: string, version: number): Promise<StorageState> {
    const { archive } = await this.#version(actor, ref, version);
    return this.#options.states.toStorageState(archive);
  }

  /** `receive` writes the zip into a file; it is called once the profile may take an import. */
  async importZip(
    actor: Actor,
    ref: string,
    receive: (file: string) => Promise<void>,
  ): Promise<ImportedVersion> {
    const { states, uploadDir } = this.#options;
    const file = join(uploadDir, randomUUID());
    return this.#import(actor, ref, async (id) => {
      await mkdir(uploadDir, { recursive: true, mode: 0o700 });
      try {
        await receive(file);
        return await states.fromZip(id, file);
      } finally {
        await rm(file, { force: true });
      }
    });
  }

  async importState(actor: Actor, ref: string, state: GivenStorageState): Promise<ImportedVersion> {
    return this.#import(actor, ref, (id) => this.#options.states.fromStorageState(id, state));
  }

  async #version(actor: Actor, ref: string, version: number) {
    const profile = await this.#options.browserProfiles.get(actor, ref);
    const { organizationId, id } = profile;
    return {
      profile,
      archive: await this.#options.profiles.getVersion(organizationId, id, version),
    };
  }

  async #import(
    actor: Actor,
    ref: string,
    take: (id: string) => Promise<Archive>,
  ): Promise<ImportedVersion> {
    const { browserProfiles, profiles } = this.#options;
    const profile = await browserProfiles.get(actor, ref);
    const { id, organizationId } = profile;
    await browserProfiles.assertIdle(profile);
    const lease = await profiles.store.read(organizationId, id);
    const version = await profiles.record(organizationId, id, {
      kind: 'imported',
      archive: await take(id),
      fence: lease?.fence ?? 0,
      runtimeId: undefined,
    });
    if (!version) throw profileNotFound();
    // A writer came in between: the imported version is kept, but does not become current.
    if (version.kind !== 'imported') {
      await browserProfiles.assertIdle(profile);
      throw profileInUse(undefined);
    }
    return { version, profile: await browserProfiles.get(actor, id) };
  }
}
