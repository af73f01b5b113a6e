import { randomUUID } from 'node:crypto';
import type { Database } from '../../../src/db/client.ts';
import { insertOrganization } from '../../../src/db/queries/organizations.ts';
import { budgetOf } from '../budget.ts';
import { openPostgres } from '../postgres.ts';
import { openStore, recordActive, recordLife, repeat } from '../records.ts';
import { rowOf, timesAtLeast, type Row } from '../rows.ts';
import { interleave } from '../statistics.ts';

const ACTIVE = 10_000;
const AT_ONCE = 50;
const SAMPLE = { rounds: 8, seconds: 40, lives: 500 };
const GOAL = 0.9;

interface Side {
  organizationId: string;
  perSecond: number[];
}

/**
 * What the records of one organization's creates and stops take while it has many active runtimes,
 * against one that has none: without browsers, on disk before it is said.
 */
export async function measureQuota(): Promise<Row[]> {
  await using postgres = await openPostgres();
  const store = await openStore(postgres.database, 2 * ACTIVE);
  const [none, many] = [await openSide(postgres.database), await openSide(postgres.database)];
  // Rows as the service writes them, so that every counter includes them.
  const seeds = { times: ACTIVE, atOnce: AT_ONCE };
  await repeat(seeds, () => recordActive(store, many.organizationId));
  const sample = async ({ organizationId, perSecond }: Side) => {
    const began = performance.now();
    await repeat({ times: SAMPLE.lives, atOnce: AT_ONCE }, () => recordLife(store, organizationId));
    perSecond.push((SAMPLE.lives / (performance.now() - began)) * 1000);
  };
  for (const side of [none, many]) await sample(side);
  none.perSecond.length = many.perSecond.length = 0;
  await interleave(budgetOf(SAMPLE.rounds, SAMPLE.seconds), [none, many], sample);
  const asNone = { name: 'none active', samples: none.perSecond };
  const measure = (active: string) =>
    `records of creates and stops, ${AT_ONCE} at a time, ${active} active`;
  return [
    rowOf(measure('none'), '/s', asNone.samples),
    rowOf(measure(ACTIVE.toLocaleString('en')), '/s', many.perSecond, timesAtLeast(GOAL, asNone)),
  ];
}

async function openSide({ db }: Database): Promise<Side> {
  return { organizationId: (await insertOrganization(db, randomUUID())).id, perSecond: [] };
}
