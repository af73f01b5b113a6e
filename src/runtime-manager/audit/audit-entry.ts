/** How a request came in: with a key, from the console's session, or as a call of a tool of MCP. */
export const AUDIT_ORIGINS = ['api', 'console', 'mcp'] as const;
export type AuditOrigin = (typeof AUDIT_ORIGINS)[number];

/** What became of a request: statuses below 400, below 500, and the others. */
export const AUDIT_OUTCOMES = ['succeeded', 'refused', 'failed'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** What a request was about. */
export interface AuditTarget {
  kind: string;
  /** Its id, alias or name, as the request named it; undefined: the request was to make it. */
  ref: string | undefined;
  /** Its id, if the request got so far. */
  id: string | undefined;
}

/** What somebody did, or was kept from doing. */
export interface AuditEntry {
  id: string;
  keyId: string;
  /** The key's name when it asked. */
  keyName: string;
  origin: AuditOrigin;
  /** The operation. */
  verb: string;
  workspaceId: string | undefined;
  target: AuditTarget | undefined;
  path: string;
  status: number;
  /** Of a refusal. */
  code: string | undefined;
  requestId: string;
  clientAddress: string;
  /** When the request was answered. */
  createdAt: Date;
}

/** An entry that is not written yet; the workspace is named as the request named it. */
export interface NewAuditEntry extends Omit<AuditEntry, 'id' | 'workspaceId' | 'createdAt'> {
  organizationId: string;
  workspace: string | undefined;
}

export function auditOutcomeOf(status: number): AuditOutcome {
  if (status < 400) return 'succeeded';
  return status < 500 ? 'refused' : 'failed';
}
