import { RuntimeError } from '../errors.ts';
import { SCOPES, type Scope } from './scopes.ts';

/** How an actor came in: `system` is this service itself, or its command line. */
type ActorKind = 'apiKey' | 'session' | 'mcp' | 'system';

/** Who asks: everything happens within this organization. */
export interface Actor {
  organizationId: string;
  kind: ActorKind;
  scopes: readonly Scope[];
  /** The workspaces that exist for it, by their ids; undefined: all of the organization. */
  workspaceIds: readonly string[] | undefined;
}

/** The operator of the service, on behalf of an organization. */
export function systemActor(organizationId: string): Actor {
  return { organizationId, kind: 'system', scopes: SCOPES, workspaceIds: undefined };
}

/** Throws `auth.forbidden` with the scope in `details`. */
export function assertScope({ scopes }: Actor, scope: Scope): void {
  if (scopes.includes(scope)) return;
  const message = `This takes the scope ${scope}, which the caller does not have.`;
  throw new RuntimeError('auth.forbidden', message, { details: { scope } });
}

/** Whether a workspace of the organization exists for an actor. */
export function maySee({ workspaceIds }: Actor, workspaceId: string): boolean {
  return workspaceIds === undefined || workspaceIds.includes(workspaceId);
}
