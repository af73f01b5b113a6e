import { and, desc, eq, gte, lt, sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import {
  auditOutcomeOf,
  cursorOf,
  type AuditEntry,
  type AuditFilter,
  type AuditStore,
  type Page,
  type PageRequest,
  type WaitingAuditEntry,
} from '../../runtime-manager/runtime/index.ts';
import type { Db } from '../client.ts';
import { organizationBytes } from '../schema/columns.ts';
import { auditEntries, workspaces } from '../schema/index.ts';
import { afterCursor } from './pages.ts';

/** How many entries a page looks at, where an index does not find just those that are asked for. */
const LOOKED_AT = 200;

type Row = typeof auditEntries.$inferSelect;

export function createAuditStore(db: Db): AuditStore {
  return {
    insert: (entries) => insertEntries(db, entries),
    list: (organizationId, filter, page) => listEntries(db, { organizationId, ...filter }, page),
  };
}

/**
 * One text for any number of entries, so that it is prepared once. The clock of the database tells
 * the times, as it does when entries are removed. A workspace that is named is looked up here, so
 * that no request does it.
 */
async function insertEntries(db: Db, entries: readonly WaitingAuditEntry[]): Promise<void> {
  const given = JSON.stringify(entries.map(toGiven));
  await db.execute(sql`
    insert into ${auditEntries} (id, organization_id, key_id, key_name, origin, verb, workspace_id,
      target_kind, target_ref, target_id, path, status, code, request_id, client_address, created_at)
    select id, organization_id, key_id, key_name, origin, verb,
      coalesce(workspace_id, (
        select ${workspaces.id} from ${workspaces}
        where ${workspaces.organizationId} = entry.organization_id
          and ${workspaces.name} = entry.workspace_name
      )), target_kind, target_ref, target_id, path, status, code, request_id, client_address,
      now() - make_interval(secs => age_ms / 1000)
    from json_to_recordset(${given}::json) as entry (id uuid, organization_id uuid, key_id uuid,
      key_name text, origin text, verb text, workspace_id uuid, workspace_name text,
      target_kind text, target_ref text, target_id text, path text, status smallint, code text,
      request_id text, client_address text, age_ms double precision)
    on conflict (id) do nothing`);
}

function toGiven({ target, workspace, ...entry }: WaitingAuditEntry) {
  const isId = z.uuid().safeParse(workspace).success;
  return {
    id: entry.id,
    organization_id: entry.organizationId,
    key_id: entry.keyId,
    key_name: entry.keyName,
    origin: entry.origin,
    verb: entry.verb,
    workspace_id: isId ? workspace : undefined,
    workspace_name: isId ? undefined : workspace,
    target_kind: target?.kind,
    target_ref: target?.ref,
    target_id: target?.id,
    path: entry.path,
    status: entry.status,
    code: entry.code,
    request_id: entry.requestId,
    client_address: entry.clientAddress,
    age_ms: entry.ageMs,
  };
}

/**
 * An index finds the entries of a key, else of a workspace, else of a verb. Of what it finds, so many
 * are looked at, however few of them are asked for: the page after this one looks at the next.
 */
async function listEntries(
  db: Db,
  filter: AuditFilter & { organizationId: string },
  { cursor, limit }: PageRequest,
): Promise<Page<AuditEntry>> {
  const { from, to } = filter;
  const lookedAt = Math.max(LOOKED_AT, limit + 1);
  const rows = await db
    .select()
    .from(auditEntries)
    .where(
      and(
        indexed(filter),
        from && gte(auditEntries.createdAt, from),
        to && lt(auditEntries.createdAt, to),
        afterCursor(auditEntries, cursor),
      ),
    )
    .orderBy(desc(auditEntries.createdAt), desc(auditEntries.id))
    .limit(lookedAt);
  const matching = rows.filter((row) => isMatch(row, filter));
  const shown = matching.slice(0, limit);
  const last = matching.length > limit ? shown.at(-1) : rows[lookedAt - 1];
  return { items: shown.map(toEntry), nextCursor: last && cursorOf(last) };
}

/** Only one index answers each of these, whatever the database takes to be rare. */
function indexed(filter: AuditFilter & { organizationId: string }): SQL | undefined {
  const { organizationId, keyId, workspaceId, verb } = filter;
  const isOurs = eq(auditEntries.organizationId, organizationId);
  if (keyId !== undefined) return and(isOurs, eq(auditEntries.keyId, keyId));
  if (workspaceId !== undefined) return and(isOurs, eq(auditEntries.workspaceId, workspaceId));
  if (verb !== undefined) return and(isOurs, eq(auditEntries.verb, verb));
  return sql`${organizationBytes} = uuid_send(${organizationId}::uuid)`;
}

function isMatch(row: Row, { workspaceId, verb, outcome }: AuditFilter): boolean {
  return (
    (workspaceId === undefined || row.workspaceId === workspaceId) &&
    (verb === undefined || row.verb === verb) &&
    (outcome === undefined || auditOutcomeOf(row.status) === outcome)
  );
}

function toEntry({ targetKind: kind, targetRef: ref, targetId: id, ...row }: Row): AuditEntry {
  const { organizationId: _organizationId, ...entry } = row;
  return {
    ...entry,
    workspaceId: row.workspaceId ?? undefined,
    code: row.code ?? undefined,
    target: kind === null ? undefined : { kind, ref: ref ?? undefined, id: id ?? undefined },
  };
}
