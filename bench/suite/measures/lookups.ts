import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { openDatabase } from '../../../src/db/client.ts';
import { embeddedAddress } from '../../../src/db/embedded.ts';
import { findFirstOrganization } from '../../../src/db/queries/organizations.ts';
import { findWorkspace } from '../../../src/db/queries/workspaces.ts';
import { budgetOf } from '../budget.ts';
import { BUSY_ALIAS, insertEnded } from '../history.ts';
import { rowOf, timesAtMost, type Row } from '../rows.ts';
import { openService, POOL_OFF, RUNTIMES, type BenchService } from '../service.ts';
import { settle } from '../settle.ts';
import { interleave, timed } from '../statistics.ts';

const ENDED = [10_000, 100_000];
const EVENTS_EACH = 3;
/** The ids that are looked up in turn, from all over the table. */
const KNOWN_IDS = 500;
const BATCH = { rounds: 40, seconds: 30, each: 20, leadIn: 15 };
const GOAL = 1.1;

interface Side {
  service: BenchService;
  ended: number;
  ids: string[];
  byAlias: number[];
  byId: number[];
}

/** What it takes to look a runtime up among those that are over, against where there is only one. */
export async function measureLookups(): Promise<Row[]> {
  await using stack = new AsyncDisposableStack();
  const sides: Side[] = [];
  for (const ended of [1, ...ENDED]) {
    const service = stack.use(await openService(POOL_OFF));
    const ids = await fill(service, ended);
    sides.push({ service, ended, ids, byAlias: [], byId: [] });
  }
  await settle();
  for (let n = 0; n < BATCH.leadIn; n++) for (const side of sides) await lookUp(side);
  for (const { byAlias, byId } of sides) byAlias.length = byId.length = 0;
  await interleave(budgetOf(BATCH.rounds, BATCH.seconds), sides, lookUp);
  return [
    ...rowsOf(
      'alias',
      sides.map(({ ended, byAlias }) => ({ ended, samples: byAlias })),
    ),
    ...rowsOf(
      'id',
      sides.map(({ ended, byId }) => ({ ended, samples: byId })),
    ),
  ];
}

/** Resolves with some of the ids. */
async function fill(service: BenchService, runtimes: number): Promise<string[]> {
  await using database = await openDatabase(embeddedAddress(join(service.directory, 'data')));
  const { db } = database;
  const organizationId = (await findFirstOrganization(db))?.id ?? '';
  const workspaceId = (await findWorkspace(db, organizationId, 'default'))?.id ?? '';
  await insertEnded(
    database,
    { organizationId, workspaceId },
    { runtimes, eventsEach: EVENTS_EACH },
  );
  const rows = await db.execute<{ id: string }>(
    sql`select id from runtimes order by random() limit ${KNOWN_IDS}`,
  );
  return rows.map(({ id }) => id);
}

async function lookUp({ service, ids, byAlias, byId }: Side): Promise<void> {
  const get = async (ref = '') => {
    const { status, text } = await service.call('GET', `${RUNTIMES}/${ref}`);
    if (status !== 200) throw new Error(`look-up: ${status} ${text}`);
  };
  for (let n = 0; n < BATCH.each; n++) {
    byAlias.push(await timed(() => get(BUSY_ALIAS)));
    byId.push(await timed(() => get(ids[byId.length % ids.length])));
  }
}

function rowsOf(by: string, series: { ended: number; samples: number[] }[]): Row[] {
  const [empty = { samples: [] }, ...others] = series;
  const asEmpty = { name: 'one row', samples: empty.samples };
  return [
    rowOf(`look-up by ${by}, one row`, 'ms', asEmpty.samples),
    ...others.map(({ ended, samples }) =>
      rowOf(
        `look-up by ${by}, ${ended.toLocaleString('en')} ended`,
        'ms',
        samples,
        timesAtMost(GOAL, asEmpty),
      ),
    ),
  ];
}
