import type { Context } from 'hono';
import type { Actor, AuditOrigin, NewAuditEntry } from '../../runtime-manager/runtime/index.ts';
import { statusOf } from '../middleware/request-context.ts';
import type { ApiActor, ApiEnv } from './api-env.ts';
import type { DeclaredOperation } from './operations.ts';

const PATH_MAX = 1000;
const REF_MAX = 200;
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** What Postgres does not take in a text, and no log shows. */
const CONTROL = /\p{Cc}/u;

/** What the segments of a path are collections of, or make. */
const KINDS = new Map([
  ['api-keys', 'api_key'],
  ['browser-extensions', 'browser_extension'],
  ['browser-profiles', 'browser_profile'],
  ['connect', 'runtime'],
  ['connections', 'connection'],
  ['content', 'runtime'],
  ['execute', 'operation'],
  ['files', 'file'],
  ['nodes', 'node'],
  ['operations', 'operation'],
  ['pdf', 'runtime'],
  ['recordings', 'recording'],
  ['runtimes', 'runtime'],
  ['scrape', 'runtime'],
  ['screenshot', 'runtime'],
  ['storage', 'storage_namespace'],
  ['webhooks', 'webhook'],
  ['workspaces', 'workspace'],
]);

const ORIGINS = {
  apiKey: 'api',
  session: 'console',
  mcp: 'mcp',
  system: 'api',
} as const satisfies Record<Actor['kind'], AuditOrigin>;

/** What the audit keeps of a request that has its answer: nothing of its body, nor of its query. */
export function toAuditEntry(
  c: Context<ApiEnv>,
  { id: verb, path }: DeclaredOperation,
  actor: ApiActor,
  clientAddress: string,
): NewAuditEntry {
  const { pathname } = new URL(c.req.url);
  const target = targetOf(c, path, pathname);
  // A workspace that is gone, or new, is not found by its name.
  const known = target?.kind === 'workspace' ? target.id : undefined;
  return {
    organizationId: actor.organizationId,
    keyId: actor.keyId,
    keyName: actor.keyName,
    origin: ORIGINS[actor.kind],
    verb,
    workspace: known ?? refIn(path, pathname, 'workspaces'),
    target,
    path: pathname.slice(0, PATH_MAX),
    status: statusOf(c),
    code: c.var.errorCode,
    requestId: c.var.requestId,
    clientAddress,
  };
}

function targetOf(c: Context<ApiEnv>, path: string, pathname: string): NewAuditEntry['target'] {
  const collection = path.split('/').findLast((name) => KINDS.has(name)) ?? '';
  const kind = KINDS.get(collection);
  if (kind === undefined) return undefined;
  const ref = refIn(path, pathname, collection);
  const found = kind === 'runtime' ? c.var.runtimeId : c.var.targetId;
  return { kind, ref, id: found ?? (ref !== undefined && UUID.test(ref) ? ref : undefined) };
}

/** What stands after a collection, where a path has something to be named there. */
function refIn(path: string, pathname: string, collection: string): string | undefined {
  const declared = path.split('/');
  const at = declared.lastIndexOf(collection) + 1;
  if (at === 0 || !declared[at]?.startsWith('{')) return undefined;
  return toText(pathname.split('/')[at] ?? '');
}

/** Decoded where that is a text to store, else as it is. */
function toText(segment: string): string {
  try {
    const text = decodeURIComponent(segment);
    if (text.length <= REF_MAX && !CONTROL.test(text)) return text;
  } catch {
    // It is not UTF-8.
  }
  return segment.slice(0, REF_MAX);
}
