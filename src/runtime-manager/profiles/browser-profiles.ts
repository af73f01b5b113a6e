import { RuntimeError } from '../errors.ts';
import type { Extensions } from '../extensions/extensions.ts';
import type { Actor } from '../runtime/actor.ts';
import type { Page, PageRequest } from '../runtime/runtime.ts';
import type { BrowserProfile, ProfileChanges, ProfileValues } from './browser-profile.ts';
import type { BrowserProfileStore } from './browser-profile-store.ts';
import type { ProfileVersion } from './profile.ts';
import { profileInUse, profileNotFound, versionNotFound } from './profile-errors.ts';
import type { Profiles } from './profiles.ts';

export interface BrowserProfilesOptions {
  store: BrowserProfileStore;
  /** Their saved states. */
  profiles: Profiles;
  extensions: Pick<Extensions, 'resolve'>;
  /** Throws `profile.locale_unavailable` for a language that browsers here cannot have. */
  assertLocale: (locale: string | undefined) => void;
}

/**
 * What customers do with their profiles. A method throws `profile.not_found` when there is no such
 * profile.
 */
export class BrowserProfiles {
  readonly #options: BrowserProfilesOptions;

  constructor(options: BrowserProfilesOptions) {
    this.#options = options;
  }

  /**
   * Throws `profile.locale_unavailable`, `extension.not_found`, `extension.conflict` or
   * `profile.name_in_use`.
   */
  async create(actor: Actor, values: ProfileValues): Promise<BrowserProfile> {
    await this.#assertPossible(actor, values);
    const made = await this.#options.store.insert(actor.organizationId, values);
    if (made) return made;
    throw nameInUse();
  }

  async get({ organizationId }: Actor, id: string): Promise<BrowserProfile> {
    const found = await this.#options.store.find(organizationId, id);
    if (found) return found;
    throw profileNotFound();
  }

  list({ organizationId }: Actor, page: PageRequest): Promise<Page<BrowserProfile>> {
    return this.#options.store.list(organizationId, page);
  }

  /** Changes a profile from its next launch on. Throws as `create`. */
  async update(actor: Actor, ref: string, changes: ProfileChanges): Promise<BrowserProfile> {
    const { id } = await this.get(actor, ref);
    await this.#assertPossible(actor, changes);
    const updated = await this.#options.store.update(actor.organizationId, id, changes);
    if (updated === 'absent') throw profileNotFound();
    if (updated === 'name_in_use') throw nameInUse();
    return updated;
  }

  /**
   * Deletes a profile with all its versions, and resolves with the profile as it was. Throws
   * `profile.in_use`.
   */
  async delete(actor: Actor, ref: string): Promise<BrowserProfile> {
    const { store, profiles } = this.#options;
    const profile = await this.get(actor, ref);
    const removed = await store.remove(actor.organizationId, profile.id);
    if (removed === 'absent') throw profileNotFound();
    if (removed === 'in_use') throw profileInUse(await store.findWriter(profile.id));
    await profiles.removeArchives(profile.id);
    return profile;
  }

  /** The versions of a profile, newest first. */
  async versions(
    actor: Actor,
    ref: string,
  ): Promise<{ profile: BrowserProfile; versions: ProfileVersion[] }> {
    const profile = await this.get(actor, ref);
    const { organizationId, id } = profile;
    return { profile, versions: await this.#options.store.listVersions(organizationId, id) };
  }

  /**
   * Makes a version the current one, which the next launch begins from. Throws
   * `profile.version_not_found` or `profile.in_use`.
   */
  async restore(actor: Actor, ref: string, version: number): Promise<BrowserProfile> {
    const { store } = this.#options;
    const { id, organizationId } = await this.get(actor, ref);
    const restored = await store.restore(organizationId, id, version);
    if (restored === 'absent') throw versionNotFound();
    if (restored === 'in_use') throw profileInUse(await store.findWriter(id));
    return this.get(actor, id);
  }

  /**
   * Makes another profile from `version` of this one, or from its current version. Throws
   * `profile.version_not_found` or `profile.name_in_use`.
   */
  async fork(
    actor: Actor,
    ref: string,
    { name, version: asked }: { name: string; version?: number | undefined },
  ): Promise<BrowserProfile> {
    const { store, profiles } = this.#options;
    const { id, organizationId, currentVersion } = await this.get(actor, ref);
    const version = asked ?? currentVersion;
    const source =
      version === undefined ? undefined : await profiles.getVersion(organizationId, id, version);
    // The configuration with its password, which the profile as shown does not have.
    const whole = await profiles.store.findProfile(organizationId, id);
    if (!whole) throw profileNotFound();
    const { config, extensionIds, fingerprint } = whole;
    const values = { name, config, extensionIds, fingerprint };
    const forked = await store.insert(organizationId, values);
    if (!forked) throw nameInUse();
    try {
      if (source) await profiles.fork(source, organizationId, forked.id);
    } catch (error) {
      await store.remove(organizationId, forked.id);
      throw error;
    }
    return this.get(actor, forked.id);
  }

  /** Throws `profile.in_use` while a runtime writes the profile. */
  async assertIdle({ id }: BrowserProfile): Promise<void> {
    const writer = await this.#options.store.findWriter(id);
    if (writer) throw profileInUse(writer);
  }

  async #assertPossible(
    { organizationId }: Actor,
    { fingerprint, extensionIds = [] }: ProfileChanges,
  ): Promise<void> {
    this.#options.assertLocale(fingerprint?.locale);
    await this.#options.extensions.resolve(organizationId, extensionIds);
  }
}

function nameInUse(): RuntimeError {
  return new RuntimeError('profile.name_in_use', 'Another profile has this name.');
}
