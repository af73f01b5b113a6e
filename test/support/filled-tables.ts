import { sql } from 'drizzle-orm';
import type { Db } from '../../src/db/client.ts';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { FULL_WEBHOOK } from './every-webhook-statement.ts';

/** The name of the organization that has nearly all of it. */
export const BUSY = 'busy';

/** Fills every table with what was there before, mostly of one workspace and under one alias. */
export async function fillTables(db: Db, over: number): Promise<void> {
  await insertOrganization(db, BUSY);
  await db.execute(sql`
  with org as (select id from organizations where name = ${BUSY}),
    space as (select w.id from workspaces w join org on w.organization_id = org.id),
    profile as (
      insert into browser_profiles (organization_id, name)
      select org.id, 'old ' || n from org, generate_series(1, ${over}) n returning id, organization_id
    ), extension as (
      insert into browser_extensions (id, organization_id, name, version, manifest_version, format,
        content_hash, size_bytes, permissions, runtime_extension_id, warnings, key, sha256, archive_bytes)
      select gen_random_uuid(), org.id, 'old', '1', 3, 'zip', 'hash ' || n, 1, '[]', 'x', '[]', 'extension ' || n, 's', 1
      from org, generate_series(1, ${over}) n
    ), runtime as (
      insert into runtimes (id, organization_id, workspace_id, node_id, alias, kind, driver, launch,
        state, created_at, stopped_at, profile_id)
      select gen_random_uuid(), org.id, space.id, gen_random_uuid(), 'daily', 'browser', 'playwright',
        '{"mode":"ephemeral"}', case when n % 1000 = 0 then 'failed' else 'stopped' end::runtime_state,
        now() - make_interval(secs => n), now() - make_interval(secs => n), (select id from profile limit 1 offset n % 100)
      from org, space, generate_series(1, ${over}) n returning id, organization_id, stopped_at
    ), namespace as (
      insert into storage_namespaces (organization_id, name, created_at)
      select org.id, 'old ' || n, now() - make_interval(secs => n) from org, generate_series(1, ${over}) n
      returning id, organization_id, name
    ), file as (
      insert into files (id, organization_id, namespace_id, path, source, state, size_bytes,
        content_type, key, sha256)
      select gen_random_uuid(), organization_id, id, 'folder ' || n % 20 || '/old ' || n, 'upload', 'stored', 1,
        'text/plain', 'file ' || n, 's'
      from namespace, generate_series(1, ${over}) n where name = 'old 1'
    ), kept as (
      insert into files (id, organization_id, runtime_id, kept_by, path, source, state, content_type,
        failure, created_at)
      select gen_random_uuid(), organization_id, id, id, 'old', 'download', 'failed', 'text/plain',
        'download.canceled', stopped_at
      from runtime
    ), recording as (
      insert into recordings (id, organization_id, workspace_id, runtime_id, kept_by, alias,
        generation, node_id, state, options, started_at, ended_at)
      select gen_random_uuid(), organization_id, (select id from space), id, id, 'daily', 1,
        gen_random_uuid(), 'ready', '{}', stopped_at - interval '60 days', stopped_at - interval '60 days'
      from runtime returning id
    ), operation as (
      insert into operations (id, organization_id, workspace_id, runtime_id, alias, node_id, status,
        progress, created_at, ended_at)
      select gen_random_uuid(), organization_id, (select id from space), id, 'daily',
        (select id from org), 'succeeded', '{"step":1,"totalSteps":1}', stopped_at, stopped_at
      from runtime
    ), part as (
      insert into recording_parts (recording_id, tab_id, start_ms, end_ms, width, height, size_bytes, key)
      select id, 't', 0, 1, 1, 1, 1, 'recording ' || id from recording
    ), mark as (
      insert into recording_marks (recording_id, at_ms, type, tab_id, data)
      select id, 0, 'tab.opened', 't', '{}' from recording
    ), webhook as (
      insert into webhooks (id, organization_id, url, events, secrets, position)
      select ${FULL_WEBHOOK}::uuid, org.id, 'http://old/', '{*}', '{}', 1000000000 from org
      returning id, organization_id
    ), delivery as (
      insert into webhook_deliveries (webhook_id, event_id, event_type, runtime_id, status, attempts)
      select webhook.id, n, 'runtime.created', organization_id, 'delivered', 1
      from webhook, generate_series(1, ${over}) n
    ), key as (
      insert into idempotency_keys (id, request, node_id, answer, created_at)
      select 'old ' || n, 'r', gen_random_uuid(), 'a', now() - make_interval(hours => 1 + n / 20)
      from generate_series(1, ${over}) n
    ), audit as (
      insert into audit_entries (id, organization_id, key_id, key_name, origin, verb, workspace_id,
        target_kind, path, status, request_id, client_address, created_at)
      select gen_random_uuid(), org.id, (select id from space), 'old', 'api', 'runtimes-create', space.id,
        'runtime', '/', 200, 'r', 'a', now() - make_interval(secs => n)
      from org, space, generate_series(1, ${over}) n
    ), api_key as (
      insert into api_keys (organization_id, name, hint, hash, scopes)
      select org.id, 'old ' || n, 'h', 'hash ' || n, '{runtimes:read}' from org, generate_series(1, ${over}) n
    ), workspace as (
      insert into workspaces (organization_id, name)
      select org.id, 'old ' || n from org, generate_series(1, ${over}) n
    ), version as (
      insert into profile_versions (profile_id, version, organization_id, kind, key, size_bytes, sha256, fence)
      select id, 1, organization_id, 'saved', 'old ' || id, 1, 's', 0 from profile
    )
  insert into runtime_events (organization_id, runtime_id, type, data, created_at)
  select organization_id, id, 'runtime.created', '{}', stopped_at from runtime, generate_series(1, 2)`);
  await db.execute(sql`analyze`);
}
