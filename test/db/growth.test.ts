/** How much a statement reads does not depend on how many runtimes are over. */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { expect, inject, test } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { embeddedAddress } from '../../src/db/embedded.ts';
import { correctPlaces } from '../../src/db/queries/quotas.ts';
import { Sealing } from '../../src/db/sealing.ts';
import { createDatabase, TEMPLATE } from '../support/database.ts';
import { callEveryStatement } from '../support/every-statement.ts';
import { BUSY, fillTables } from '../support/filled-tables.ts';
import { BY_INDEXES, isWide, openExplained } from '../support/query-plans.ts';

const OVER = 20_000;

test('no statement reads more when more runtimes are over', async () => {
  const postgresDataDir = inject('postgresDataDir');
  const address = { ...embeddedAddress(postgresDataDir), database: `growth_${randomUUID()}` };
  await createDatabase(postgresDataDir, address.database, TEMPLATE);
  {
    await using database = await openDatabase(address);
    await fillTables(database.db, OVER);
  }
  await using explained = openExplained(address, BY_INDEXES);
  const { db, statements } = explained;
  const uncalled = await callEveryStatement(db, await Sealing.open(db, 'a key for tests'));
  await db.execute(sql`update organizations set active_runtimes = 7 where name = ${BUSY}`);
  expect(await correctPlaces(db)).toBe(1);

  expect(statements.length).toBeGreaterThan(120);
  expect(statements.flatMap(({ reads }) => reads.filter(isWide))).toEqual([]);
  // The first costs what is active, and the last is part of other statements. `figures` and `totals`
  // read the numbers of all organizations, for a scrape; on the command line, all keys are told, and
  // files are added up, which the doctor does as long as there are few.
  expect(uncalled).toEqual([
    'correctPlaces',
    'figures',
    'totals',
    'findWrongBytes',
    'correctBytes',
    'listAllApiKeys',
    'ofWorkspace',
  ]);
});
