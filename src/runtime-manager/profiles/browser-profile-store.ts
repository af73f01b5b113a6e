import type { Page, PageRequest } from '../runtime/runtime.ts';
import type {
  BrowserProfile,
  ProfileChanges,
  ProfileValues,
  ProfileWriter,
} from './browser-profile.ts';
import type { ProfileVersion } from './profile.ts';

/**
 * What the core needs of a database for the profiles that customers see; another organization's
 * profiles do not exist.
 */
export interface BrowserProfileStore {
  /** Undefined when the name is taken. */
  insert(organizationId: string, values: ProfileValues): Promise<BrowserProfile | undefined>;
  find(organizationId: string, id: string): Promise<BrowserProfile | undefined>;
  /** Newest first. */
  list(organizationId: string, page: PageRequest): Promise<Page<BrowserProfile>>;
  update(
    organizationId: string,
    id: string,
    changes: ProfileChanges,
  ): Promise<BrowserProfile | 'absent' | 'name_in_use'>;
  /** Removes a profile with its versions, unless an active runtime has the profile. */
  remove(organizationId: string, id: string): Promise<'removed' | 'absent' | 'in_use'>;
  /** Newest first. */
  listVersions(organizationId: string, id: string): Promise<ProfileVersion[]>;
  /** Makes a version the current one, unless an active runtime writes the profile. */
  restore(
    organizationId: string,
    id: string,
    version: number,
  ): Promise<'restored' | 'absent' | 'in_use'>;
  findWriter(id: string): Promise<ProfileWriter | undefined>;
}
