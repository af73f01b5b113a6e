import { RuntimeError } from '../errors.ts';
import { maySee, type Actor } from '../runtime/actor.ts';
import type { Page, PageRequest } from '../runtime/runtime.ts';
import type { Workspace, WorkspaceChanges, WorkspaceValues } from './workspace.ts';
import type { WorkspaceStore } from './workspace-store.ts';

export interface WorkspacesOptions {
  store: WorkspaceStore;
  /** Stops the runtimes of a workspace that is to be deleted. */
  stopAll: (actor: Actor, workspaceId: string) => Promise<void>;
  /**
   * Makes sure that the storage namespace exists which a workspace mounts. Throws `auth.forbidden`
   * where the actor may not mount it.
   */
  ensureNamespace: (actor: Actor, name: string) => Promise<void>;
}

/**
 * The workspaces of organizations. In every method `ref` is an id or a name. A method throws
 * `workspace.not_found` when the workspace does not exist for the actor.
 */
export class Workspaces {
  readonly #store: WorkspaceStore;
  readonly #options: WorkspacesOptions;

  constructor(options: WorkspacesOptions) {
    this.#options = options;
    this.#store = options.store;
  }

  /**
   * Throws `workspace.name_in_use`, and `auth.forbidden` for an actor that is limited to workspaces:
   * the new one would not be among them.
   */
  async create(actor: Actor, values: WorkspaceValues): Promise<Workspace> {
    if (actor.workspaceIds) {
      const message = 'A caller that is limited to workspaces cannot create others.';
      throw new RuntimeError('auth.forbidden', message);
    }
    await this.#ensureMounted(actor, values);
    const made = await this.#store.insert(actor.organizationId, values);
    if (made) return made;
    throw nameInUse(values.name);
  }

  get(actor: Actor, ref: string): Promise<Workspace> {
    return getWorkspace(this.#store, actor, ref);
  }

  /** The workspaces that exist for the actor, newest first. */
  list({ organizationId, workspaceIds }: Actor, page: PageRequest): Promise<Page<Workspace>> {
    return this.#store.list(organizationId, { ids: workspaceIds }, page);
  }

  /** Throws `workspace.name_in_use`, and `auth.forbidden` for mounts that the actor may not have. */
  async update(actor: Actor, ref: string, changes: WorkspaceChanges): Promise<Workspace> {
    const { id } = await this.get(actor, ref);
    await this.#ensureMounted(actor, changes);
    const updated = await this.#store.update(actor.organizationId, id, changes);
    if (updated === 'absent') throw workspaceNotFound();
    if (updated === 'name_in_use') throw nameInUse(changes.name);
    return updated;
  }

  /**
   * Deletes a workspace with the records of its runtimes, and resolves with the workspace as it
   * was. Throws `workspace.has_active_runtimes`, unless `force` stops the runtimes first.
   */
  async delete(actor: Actor, ref: string, { force }: { force: boolean }): Promise<Workspace> {
    const workspace = await this.get(actor, ref);
    if (force) await this.#options.stopAll(actor, workspace.id);
    const removed = await this.#store.remove(actor.organizationId, workspace.id);
    if (removed === 'absent') throw workspaceNotFound();
    if (removed === 'removed') return workspace;
    throw new RuntimeError('workspace.has_active_runtimes', 'The workspace has active runtimes.');
  }

  /** Comes before the workspace is written, so that whatever one mounts has been made. */
  async #ensureMounted(actor: Actor, { mounts }: WorkspaceChanges): Promise<void> {
    const name = mounts?.storage?.workspace;
    if (name !== undefined) await this.#options.ensureNamespace(actor, name);
  }
}

/** The workspace of an id or a name. Throws `workspace.not_found`. */
export async function getWorkspace(
  store: Pick<WorkspaceStore, 'find'>,
  actor: Actor,
  ref: string,
): Promise<Workspace> {
  const found = await store.find(actor.organizationId, ref);
  if (found && maySee(actor, found.id)) return found;
  throw workspaceNotFound();
}

/** The answer for another organization's workspace, too. */
export function workspaceNotFound(): RuntimeError {
  return new RuntimeError('workspace.not_found', 'There is no such workspace.');
}

function nameInUse(name: string | undefined): RuntimeError {
  return new RuntimeError(
    'workspace.name_in_use',
    `Another workspace already has the name ${name}.`,
  );
}
