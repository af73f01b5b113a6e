import type { RuntimeLife } from '../runtime/runtime.ts';
import type { NewVersion, Profile, ProfileLease, ProfileVersion } from './profile.ts';

/** What the core needs of a database for profiles; rows of another organization do not exist. */
export interface ProfileStore {
  findProfile(organizationId: string, id: string): Promise<Profile | undefined>;
  /**
   * Takes a profile for the life that is to write it; undefined when that life may not write it, or
   * there is no such profile.
   */
  lease(life: RuntimeLife, profileId: string): Promise<ProfileLease | undefined>;
  /** The newest state of a profile, for whoever only reads it. */
  read(organizationId: string, profileId: string): Promise<ProfileLease | undefined>;
  /**
   * Records a version. A version with an older fence than the profile's is recorded as `recovered`,
   * and no version of that kind becomes current. Undefined when there is no such profile.
   */
  addVersion(
    organizationId: string,
    profileId: string,
    version: NewVersion,
  ): Promise<ProfileVersion | undefined>;
  findVersion(
    organizationId: string,
    profileId: string,
    version: number,
  ): Promise<ProfileVersion | undefined>;
  /** The newest version before `version` that a launch can begin from. */
  findVersionBefore(profileId: string, version: number): Promise<ProfileVersion | undefined>;
  /** Whether a writer's final state was saved. */
  isSaved(profileId: string, fence: number): Promise<boolean>;
  /**
   * Forgets versions of a profile: checkpoints that a later version of the same writer has made
   * useless, and other versions beyond a number or older than a date. Never forgets the current or
   * the newest version.
   */
  prune(profileId: string, keep: { count: number; since: Date }): Promise<ProfileVersion[]>;
}
