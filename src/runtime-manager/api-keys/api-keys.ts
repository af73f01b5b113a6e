import { RuntimeError } from '../errors.ts';
import { assertScope, type Actor } from '../runtime/actor.ts';
import type { Page, PageRequest } from '../runtime/runtime.ts';
import type { WorkspaceStore } from '../workspaces/workspace-store.ts';
import { getWorkspace } from '../workspaces/workspaces.ts';
import { generateApiKey, type ApiKey, type ApiKeyGrant } from './api-key.ts';
import type { ApiKeyStore } from './api-key-store.ts';

export interface ApiKeysOptions {
  store: ApiKeyStore;
  workspaces: Pick<WorkspaceStore, 'find'>;
}

/** A key with its secret, which is told only once. */
export interface CreatedApiKey {
  key: ApiKey;
  secret: string;
}

/** The API keys of organizations. */
export class ApiKeys {
  readonly #store: ApiKeyStore;
  readonly #workspaces: Pick<WorkspaceStore, 'find'>;

  constructor({ store, workspaces }: ApiKeysOptions) {
    this.#store = store;
    this.#workspaces = workspaces;
  }

  /**
   * An actor grants nothing that the actor does not have. `workspaceIds` may be names, too. Throws
   * `auth.forbidden` with the missing scope, `workspace.not_found`, and `api_key.not_limited` for
   * an admin key that is to be limited to workspaces.
   */
  async create(
    actor: Actor,
    { name, scopes, workspaceIds: asked }: ApiKeyGrant & { name: string },
  ): Promise<CreatedApiKey> {
    for (const scope of scopes) assertScope(actor, scope);
    const found =
      asked && (await Promise.all(asked.map((id) => getWorkspace(this.#workspaces, actor, id))));
    const workspaceIds = found?.map(({ id }) => id) ?? actor.workspaceIds;
    if (workspaceIds && scopes.includes('admin')) throw notLimited();
    const secret = generateApiKey();
    const grant = { scopes: [...new Set(scopes)], workspaceIds };
    const key = await this.#store.insert(actor.organizationId, { name, secret, ...grant });
    return { key, secret };
  }

  /** Newest first. */
  list({ organizationId }: Actor, page: PageRequest): Promise<Page<ApiKey>> {
    return this.#store.list(organizationId, page);
  }

  /**
   * Revokes a key from the next request on, and resolves with the key as it was. Throws
   * `api_key.not_found`, and `api_key.last_admin` for the last admin key of an organization, which
   * only the operator may revoke: nobody else could make another.
   */
  async revoke({ organizationId, kind }: Actor, id: string): Promise<ApiKey> {
    const keepAdmin = kind !== 'system';
    const revoked = await this.#store.revoke(organizationId, id, { keepAdmin });
    if (revoked === 'absent') {
      throw new RuntimeError('api_key.not_found', 'There is no such API key.');
    }
    if (revoked === 'last_admin') {
      const message = 'This is the last API key of the organization with the scope admin.';
      throw new RuntimeError('api_key.last_admin', message);
    }
    return revoked;
  }
}

/** An admin key manages all keys of the organization, and so all workspaces. */
function notLimited(): RuntimeError {
  const message = 'A key with the scope admin cannot be limited to workspaces.';
  return new RuntimeError('api_key.not_limited', message, {
    details: { problems: [{ path: 'workspaceIds', message }] },
  });
}
