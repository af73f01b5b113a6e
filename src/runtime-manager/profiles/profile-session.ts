import type { Logger } from 'pino';
import { RuntimeError } from '../errors.ts';
import type { BrowserConfig } from '../runtime/launch.ts';
import type { MachineBrowser, ProfileUse } from '../machine/browser-machine.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { inSpan } from '../tracing/tracing.ts';
import type { Archive, ProfileLease, ProfileVersion, VersionKind } from './profile.ts';
import { profileNotFound } from './profile-errors.ts';
import type { Profiles } from './profiles.ts';

/** Where profiles are taken from, and their states saved to. */
export type StoredProfiles = Pick<Profiles, 'store' | 'record'>;

/**
 * A profile in the hands of one runtime: what its browser begins from, and what is saved of it. A
 * runtime that only reads gets a copy, which is thrown away.
 */
export class ProfileSession {
  readonly #runtime: Runtime;
  readonly #profileId: string;
  readonly #profiles: StoredProfiles;
  readonly #log: Logger;
  #lease: ProfileLease | undefined;

  constructor(runtime: Runtime, profileId: string, profiles: StoredProfiles, log: Logger) {
    this.#runtime = runtime;
    this.#profileId = profileId;
    this.#profiles = profiles;
    this.#log = log;
  }

  /** Undefined for a runtime without a profile. */
  static of(runtime: Runtime, profiles: StoredProfiles, log: Logger): ProfileSession | undefined {
    const { profileId } = runtime;
    return profileId === undefined
      ? undefined
      : new ProfileSession(runtime, profileId, profiles, log);
  }

  /** How the profile's browser is configured; empty before `begin`. */
  get config(): BrowserConfig {
    return this.#lease?.profile.config ?? {};
  }

  /** The lease that the profile was taken with; undefined before `begin`. */
  get lease(): ProfileLease | undefined {
    return this.#lease;
  }

  get extensionIds(): string[] {
    return this.#lease?.profile.extensionIds ?? [];
  }

  /** Takes the profile. Throws `profile.not_found`, or `profile.in_use` when another writer has it. */
  async begin(): Promise<ProfileUse> {
    const { organizationId, id, writesProfile } = this.#runtime;
    const { store } = this.#profiles;
    const lease = writesProfile
      ? await store.lease(this.#runtime, this.#profileId)
      : await store.read(organizationId, this.#profileId);
    if (!lease) throw profileNotFound();
    const { profile, fence, version } = lease;
    this.#lease = lease;
    const owner = { organizationId, profileId: profile.id, runtimeId: id, fence };
    return {
      fingerprint: profile.fingerprint,
      archive: version,
      owner: writesProfile ? owner : undefined,
    };
  }

  /**
   * The error to report when a launch fails: for a damaged version, one that names the version to
   * restore instead.
   */
  async explain(error: unknown): Promise<unknown> {
    const version = this.#lease?.version;
    const isDamaged =
      error instanceof RuntimeError &&
      (error.code === 'profile.version_damaged' || error.code === 'storage.object_missing');
    if (!isDamaged || !version) return error;
    const before = await this.#profiles.store.findVersionBefore(this.#profileId, version.version);
    const hint = before ? ` Restore version ${before.version} to go on.` : '';
    const details = { version: version.version, previousVersion: before?.version ?? null };
    const message = `Version ${version.version} of the profile is damaged.${hint}`;
    return new RuntimeError('profile.version_damaged', message, { details, cause: error });
  }

  /**
   * Saves the state that a browser left when it exited. Throws `profile.save_failed`: the state
   * then stays where it is, and the next start of the service recovers it.
   */
  async end(browser: MachineBrowser, kind: VersionKind): Promise<void> {
    if (!this.#runtime.writesProfile) return this.#release(browser, undefined);
    let saved: ProfileVersion | undefined;
    try {
      saved = await inSpan('profile.save', {}, () =>
        this.#save(kind, () => browser.profile?.save()),
      );
    } catch (cause) {
      this.#log.error({ err: cause }, 'the state of a profile could not be saved');
      throw new RuntimeError(
        'profile.save_failed',
        'The state of the profile could not be saved. The next start of the service recovers it.',
        { cause },
      );
    }
    await this.#release(browser, saved?.kind === 'saved' ? saved : undefined);
  }

  /** Leaves a writer's state where it is, for `Profiles.recover`. */
  async leave(browser: MachineBrowser): Promise<void> {
    if (!this.#runtime.writesProfile) await this.#release(browser, undefined);
  }

  /** The next start removes what cannot be removed now. */
  async #release(browser: MachineBrowser, saved: Archive | undefined): Promise<void> {
    try {
      await browser.profile?.release(saved);
    } catch (err) {
      this.#log.warn({ err }, 'the checkout of a profile could not be removed');
    }
  }

  async #save(
    kind: VersionKind,
    write: () => Promise<Archive | undefined> | undefined,
  ): Promise<ProfileVersion | undefined> {
    const archive = await write();
    if (!archive || !this.#lease) return undefined;
    const { fence } = this.#lease;
    const { organizationId, id: runtimeId } = this.#runtime;
    const version = { kind, archive, fence, runtimeId };
    return this.#profiles.record(organizationId, this.#profileId, version);
  }
}
