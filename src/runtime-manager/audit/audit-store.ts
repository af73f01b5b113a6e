import type { Page, PageRequest } from '../runtime/runtime.ts';
import type { AuditEntry, AuditOutcome, NewAuditEntry } from './audit-entry.ts';

/** Entries that match all of it. */
export interface AuditFilter {
  workspaceId?: string | undefined;
  keyId?: string | undefined;
  verb?: string | undefined;
  outcome?: AuditOutcome | undefined;
  /** The first moment. */
  from?: Date | undefined;
  /** The moment after the last one. */
  to?: Date | undefined;
}

/** An entry that waits to be written, for so long. */
export interface WaitingAuditEntry extends NewAuditEntry {
  id: string;
  ageMs: number;
}

/** What the audit needs of a database. */
export interface AuditStore {
  /** Writes entries that are not there yet, so the same ones may be given again. */
  insert(entries: readonly WaitingAuditEntry[]): Promise<void>;
  /** Newest first. A page may have fewer entries than it may, or none, and another one after it. */
  list(organizationId: string, filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>>;
}
