import { sql } from 'drizzle-orm';
import type { Database, Db } from '../../../src/db/client.ts';
import { createExtensionStore } from '../../../src/db/queries/browser-extensions.ts';
import { listProfiles } from '../../../src/db/queries/browser-profiles.ts';
import { findOrganization } from '../../../src/db/queries/organizations.ts';
import { createWorkspaceStore, findWorkspace } from '../../../src/db/queries/workspaces.ts';
import { Sealing } from '../../../src/db/sealing.ts';
import {
  RUNTIME_STATES,
  type PageRequest,
  type RuntimeStore,
} from '../../../src/runtime-manager/runtime/index.ts';
import { callEveryStatement } from '../../../test/support/every-statement.ts';
import { BUSY, fillTables } from '../../../test/support/filled-tables.ts';
import {
  BY_INDEXES,
  isLong,
  isWide,
  openExplained,
  type Explained,
  type Read,
  type Statement,
} from '../../../test/support/query-plans.ts';
import { insertEnded, type Owner } from '../history.ts';
import { openPostgres, type BenchPostgres } from '../postgres.ts';
import { openStore, recordActive, repeat } from '../records.ts';
import { noneOf, rowOf, timesAtMost, valueAtMost, type Row } from '../rows.ts';
import { interleave, median, timed } from '../statistics.ts';

const LITTLE = 1000;
const MUCH = { others: 20_000, runtimes: 1_000_000, eventsEach: 10, active: 10_000 };
const PASSES = { leadIn: 12, counted: 30 };
/** `spare`: rows left beyond the last page, since some states have fewer. */
const PAGES = { leadIn: 10, rounds: 60, limit: 100, spare: 10 };
const GOAL = 1.1;
/** An index of a million rows is a level or two deeper than that of a thousand. */
const MORE_MS = 0.2;
/** How many of the statements that take longest are shown. */
const TOLD = 5;

/** Whether any statement slows down with the runtimes that are over, and whether later pages are slower than the first. */
export async function measureGrowth(): Promise<Row[]> {
  await using little = await openPostgres();
  await using much = await openPostgres();
  await fillTables(little.database.db, LITTLE);
  const { owner, store } = await fillWithMuch(much.database);
  return [
    ...(await measureStatements(little, much)),
    ...(await measurePages(much.database.db, owner, store)),
  ];
}

async function fillWithMuch(database: Database) {
  const { db } = database;
  await fillTables(db, MUCH.others);
  const organizationId = (await findOrganization(db, BUSY))?.id ?? '';
  const workspaceId = (await findWorkspace(db, organizationId, 'default'))?.id ?? '';
  const owner: Owner = { organizationId, workspaceId };
  await insertEnded(database, owner, MUCH);
  const store = await openStore(database, 2 * MUCH.active);
  // Less than a tenth, after which autovacuum does not analyze a table again.
  await repeat({ times: MUCH.active, atOnce: 50 }, () => recordActive(store, organizationId));
  return { owner, store };
}

/** As the planner has them with an index wherever one helps; then as it has them, and how long they take. */
async function measureStatements(little: BenchPostgres, much: BenchPostgres): Promise<Row[]> {
  await using byIndexes = openExplained(much.address, BY_INDEXES);
  await using few = openExplained(little.address, {});
  await using many = openExplained(much.address, {});
  await pass(byIndexes);
  for (let n = 0; n < PASSES.leadIn; n++) for (const side of [few, many]) await pass(side);
  few.statements.length = many.statements.length = 0;
  await interleave({ rounds: PASSES.counted, until: Infinity }, [few, many], async (side) => {
    await pass(side);
  });
  const wide = [
    ...mostOf(byIndexes.statements, isWide),
    // A planner that may choose reads a table of a few rows as a whole.
    ...mostOf(many.statements, isLong),
  ];
  for (const { query, table, how, rows } of wide) {
    console.error(`${how} of ${table}, ${count(rows)} rows: ${shortened(query)}`);
  }
  const longer = compare(mediansOf(few.statements), mediansOf(many.statements));
  for (const { query, ms, moreMs } of longer.slice(0, TOLD)) {
    console.error(`${ms.toFixed(3)} ms (+${moreMs.toFixed(3)}): ${shortened(query)}`);
  }
  const asFew = { name: `${LITTLE} rows`, samples: longer.map(({ ms, moreMs }) => ms - moreMs) };
  return [
    rowOf(`median of each statement, ${count(LITTLE)} ended`, 'ms', asFew.samples),
    rowOf(
      `median of each statement, ${count(MUCH.runtimes)} ended`,
      'ms',
      longer.map(({ ms }) => ms),
      timesAtMost(GOAL, asFew),
      valueAtMost(longer[0]?.moreMs ?? NaN, MORE_MS, 'slowest by', 'ms'),
      noneOf(wide.length, 'read what is over'),
    ),
  ];
}

async function pass({ db }: Explained): Promise<void> {
  await callEveryStatement(db, await Sealing.open(db, 'a key for measurements'));
}

/** For each statement, the matching read that looked at most rows. */
function mostOf(statements: Statement[], isSuch: (read: Read) => boolean): Read[] {
  const reads = statements.flatMap((statement) => statement.reads).filter(isSuch);
  reads.sort((one, other) => one.rows - other.rows);
  return [...new Map(reads.map((read) => [read.query, read])).values()];
}

/** Milliseconds by the text of the statement. */
function mediansOf(statements: Statement[]): Map<string, number> {
  const byQuery = Map.groupBy(statements, ({ query }) => query);
  return new Map([...byQuery].map(([query, all]) => [query, median(all.map(({ ms }) => ms))]));
}

/** The statements that both sides have, the largest difference first. */
function compare(few: Map<string, number>, many: Map<string, number>) {
  const both = [...many].flatMap(([query, ms]) => {
    const fewMs = few.get(query);
    return fewMs === undefined ? [] : [{ query, ms, moreMs: ms - fewMs }];
  });
  return both.toSorted((one, other) => other.moreMs - one.moreMs);
}

/** The start of a statement, without its lists of columns. */
function shortened(query: string): string {
  const columns = /(?:"\w+", )+"\w+"/g;
  return query.replaceAll(columns, '…').replaceAll(/\s+/g, ' ').slice(0, 250);
}

interface List {
  name: string;
  read: (page: PageRequest) => Promise<{ items: unknown[] }>;
  last: string;
  firstTimes: number[];
  lastTimes: number[];
}

async function measurePages(
  db: Db,
  { organizationId: org, workspaceId }: Owner,
  store: RuntimeStore,
): Promise<Row[]> {
  const list = async (name: string, table: string, read: List['read']): Promise<List> => {
    return { name, read, last: await lastPage(db, table), firstTimes: [], lastTimes: [] };
  };
  const ended = { states: ['stopped'] as const };
  const lists = [
    await list('runtimes', 'runtimes', (page) =>
      store.list(org, { workspaceIds: [workspaceId], states: RUNTIME_STATES }, page),
    ),
    await list('stopped runtimes', 'runtimes', (page) =>
      store.list(org, { workspaceIds: [workspaceId], ...ended }, page),
    ),
    await list('profiles', 'browser_profiles', (page) => listProfiles(db, org, page)),
    await list('extensions', 'browser_extensions', (page) =>
      createExtensionStore(db).list(org, page),
    ),
    await list('workspaces', 'workspaces', (page) =>
      createWorkspaceStore(db).list(org, { ids: undefined }, page),
    ),
  ];
  const sample = async ({ read, last, firstTimes, lastTimes }: List) => {
    for (const [cursor, times] of [
      [undefined, firstTimes],
      [last, lastTimes],
    ] as const) {
      const { limit } = PAGES;
      times.push(
        await timed(async () => {
          const { items } = await read({ cursor, limit });
          if (items.length !== limit) throw new Error(`a page has ${items.length} items`);
        }),
      );
    }
  };
  await interleave({ rounds: PAGES.leadIn, until: Infinity }, lists, sample);
  for (const { firstTimes, lastTimes } of lists) firstTimes.length = lastTimes.length = 0;
  await interleave({ rounds: PAGES.rounds, until: Infinity }, lists, sample);
  return lists.flatMap(({ name, firstTimes, lastTimes }) => [
    rowOf(`first page of ${name}`, 'ms', firstTimes),
    rowOf(
      `last page of ${name}`,
      'ms',
      lastTimes,
      timesAtMost(GOAL, { name: 'first', samples: firstTimes }),
    ),
  ]);
}

/** The cursor before the last whole page. */
async function lastPage(db: Db, table: string): Promise<string> {
  const [before] = await db.execute<{ at: string; id: string }>(sql`
    select created_at as at, id from ${sql.identifier(table)}
    order by created_at, id limit 1 offset ${PAGES.limit + PAGES.spare}`);
  if (!before) throw new Error(`${table} has no second page`);
  const at = new Date(before.at).toISOString();
  return Buffer.from(`${at} ${before.id}`).toString('base64url');
}

function count(rows: number): string {
  return rows.toLocaleString('en');
}
