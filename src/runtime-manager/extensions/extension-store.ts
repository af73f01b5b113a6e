import type { Page, PageRequest } from '../runtime/runtime.ts';
import type { Extension } from './extension.ts';

/** An extension as it is recorded. */
export interface StoredExtension extends Extension {
  createdAt: Date;
  updatedAt: Date;
}

/** Who uses an extension: an active runtime or a profile. */
export interface ExtensionUser {
  kind: 'runtime' | 'profile';
  id: string;
}

/**
 * What the core needs of a database for extensions; another organization's extensions do not exist.
 */
export interface ExtensionStore {
  /** Resolves with the existing extension when the organization already has the same content. */
  insert(extension: Extension): Promise<StoredExtension>;
  find(organizationId: string, id: string): Promise<StoredExtension | undefined>;
  findContent(organizationId: string, contentHash: string): Promise<StoredExtension | undefined>;
  /** In the order of `ids`; extensions that do not exist are left out. */
  findAll(organizationId: string, ids: readonly string[]): Promise<StoredExtension[]>;
  list(organizationId: string, page: PageRequest): Promise<Page<StoredExtension>>;
  rename(organizationId: string, id: string, name: string): Promise<StoredExtension | undefined>;
  /** Removes an extension that nobody uses; otherwise tells who uses it. */
  remove(organizationId: string, id: string): Promise<'removed' | 'absent' | ExtensionUser>;
}
