import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { z } from 'zod';
import type { Db, SocketAddress } from '../../src/db/client.ts';
import * as schema from '../../src/db/schema/index.ts';

const Node = z.object({
  'Node Type': z.string(),
  'Relation Name': z.string().optional(),
  'Actual Rows': z.number(),
  'Actual Loops': z.number(),
  'Rows Removed by Filter': z.number().optional(),
  get Plans() {
    return z.array(Node).optional();
  },
});
type Node = z.infer<typeof Node>;
const Plan = z.object({ 'Query Text': z.string(), Plan: Node });
const DURATION = /^duration: ([\d.]+) ms/;

/** What a statement may look at: a page and what comes with it, or what one runtime or profile has. */
const MOST = 250;

/** A statement that was carried out, perhaps by a function or a constraint. */
export interface Statement {
  query: string;
  ms: number;
  reads: Read[];
}

/** What a statement read of a table. */
export interface Read {
  query: string;
  table: string;
  how: string;
  /** Rows that were looked at, including those that were passed over. */
  rows: number;
}

export interface Explained extends AsyncDisposable {
  db: Db;
  /** The statements that `db` carried out, in order. */
  statements: Statement[];
}

/**
 * Each statement tells what it reads, also those that functions and constraints run.
 * https://www.postgresql.org/docs/current/auto-explain.html
 */
const EXPLAINED = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_timing': 'off',
  'auto_explain.log_format': 'json',
  'auto_explain.log_nested_statements': 'on',
  client_min_messages: 'log',
  jit: 'off',
};

/** Postgres takes an index wherever there is one that helps, and plans without knowing parameters. */
export const BY_INDEXES = { enable_seqscan: 'off', plan_cache_mode: 'force_generic_plan' };

/** A database whose statements are explained, planned by `settings`. */
export function openExplained(
  { socketDir, user, database }: SocketAddress,
  settings: Record<string, string>,
): Explained {
  const statements: Statement[] = [];
  const sql = postgres({
    host: socketDir,
    user,
    database,
    connection: { ...EXPLAINED, ...settings },
    onnotice: ({ message = '' }) => {
      const ms = DURATION.exec(message)?.[1];
      if (ms === undefined) return;
      const plan = Plan.parse(JSON.parse(message.slice(message.indexOf('{'))));
      statements.push({ query: plan['Query Text'], ms: Number(ms), reads: readsOf(plan) });
    },
  });
  const db = drizzle(sql, { schema, casing: 'snake_case' });
  return { db, statements, [Symbol.asyncDispose]: () => sql.end() };
}

/** Whether the read looks at more rows than a statement may. */
export function isLong({ rows }: Read): boolean {
  return rows > MOST;
}

/** Whether the read is long, or would be in a larger table. */
export function isWide(read: Read): boolean {
  return read.how === 'Seq Scan' || isLong(read);
}

function readsOf({ 'Query Text': query, Plan: root }: z.infer<typeof Plan>): Read[] {
  return nodesOf(root).flatMap((node) => {
    const table = node['Relation Name'];
    const how = node['Node Type'];
    if (table === undefined || table.startsWith('pg_') || how === 'ModifyTable') return [];
    const each = node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0);
    return [{ query, table, how, rows: each * node['Actual Loops'] }];
  });
}

function nodesOf(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}
