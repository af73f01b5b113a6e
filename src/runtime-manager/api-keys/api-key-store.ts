import type { Page, PageRequest } from '../runtime/runtime.ts';
import type { ApiKey, NewApiKey } from './api-key.ts';

/** What the core needs of a database for API keys; revoked keys do not exist. */
export interface ApiKeyStore {
  insert(organizationId: string, key: NewApiKey): Promise<ApiKey>;
  list(organizationId: string, page: PageRequest): Promise<Page<ApiKey>>;
  /**
   * Resolves with the key as it was. With `keepAdmin` the organization's last key with the scope
   * `admin` stays, also when two are revoked at once.
   */
  revoke(
    organizationId: string,
    id: string,
    options: { keepAdmin: boolean },
  ): Promise<ApiKey | 'absent' | 'last_admin'>;
}
