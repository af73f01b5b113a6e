import { randomBytes } from 'node:crypto';
import type { Scope } from '../runtime/scopes.ts';

/** What a key allows. */
export interface ApiKeyGrant {
  scopes: readonly Scope[];
  /**
   * The ids of the workspaces that the key is limited to; undefined: all workspaces, also future
   * ones.
   */
  workspaceIds: readonly string[] | undefined;
}

/** A key as it is listed: its secret is known to its holder alone. */
export interface ApiKey extends ApiKeyGrant {
  id: string;
  organizationId: string;
  name: string;
  /** The first characters of the secret, to tell keys apart. */
  hint: string;
  createdAt: Date;
}

export interface NewApiKey extends ApiKeyGrant {
  name: string;
  secret: string;
}

/** A new secret of 256 random bits. */
export function generateApiKey(): string {
  return `bctrl_${randomBytes(32).toString('base64url')}`;
}
