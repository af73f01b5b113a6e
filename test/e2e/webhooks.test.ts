/** What webhooks get from a service that is killed again and again. */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { expect, inject, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { embeddedAddress } from '../../src/db/embedded.ts';
import { createDatabase, TEMPLATE } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { freshEnv } from '../support/fresh-env.ts';
import { caller } from '../support/http.ts';
import { Receiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';

const RUNTIMES = 4;

test('no event is lost between its commit and its delivery, whenever the service is killed', async () => {
  await using stack = new AsyncDisposableStack();
  const postgresDataDir = inject('postgresDataDir');
  const address = { ...embeddedAddress(postgresDataDir), database: `hooks_${randomUUID()}` };
  await createDatabase(postgresDataDir, address.database, TEMPLATE);
  const { db } = stack.use(await openDatabase(address));
  const receiver = stack.use(await Receiver.open());
  const { socketDir, user, database } = address;
  const env = {
    ...(await freshEnv({ isFirst: true })),
    DATABASE_URL: `postgres://${user}@${encodeURIComponent(socketDir)}/${database}`,
    BCTRL_API_KEY: `bctrl_${randomUUID()}`,
    BCTRL_WARM_MAX: '0',
  };
  const start = async () => {
    const service = await startService(env);
    onTestFinished(async () => void (await service.stop('SIGKILL')));
    return service;
  };
  let service = await start();
  const made = await caller(service.url, env.BCTRL_API_KEY)('POST', '/v1/webhooks', {
    url: receiver.url,
    events: ['download.*'],
  });
  expect(made, made.text).toMatchObject({ status: 200 });
  await db.execute(sql`
    insert into runtimes (id, organization_id, workspace_id, node_id, alias, kind, driver, launch, state)
    select gen_random_uuid(), w.organization_id, w.id, gen_random_uuid(), 'r' || n, 'browser',
      'playwright', '{"mode":"ephemeral"}', 'stopped' from workspaces w, generate_series(1, ${RUNTIMES}) n`);
  let nth = 0;
  const write = () =>
    db.execute(sql`insert into runtime_events (organization_id, runtime_id, type, data)
      select organization_id, id, 'download.started', jsonb_build_object('nth', ${++nth}::integer)
      from runtimes`);
  // The service dies in the middle of a batch, of which some was delivered.
  for (let life = 0; life < 2; life++) {
    const before = receiver.received.length;
    for (let burst = 0; burst < 10; burst++) await write();
    await eventually(() => expect(receiver.received.length).toBeGreaterThan(before + 4), {
      interval: 1,
    });
    const killed = service.stop('SIGKILL');
    for (let burst = 0; burst < 10; burst++) await write();
    await killed;
    service = await start();
  }
  await write();
  const all = Array.from({ length: nth }, (_, at) => at + 1);
  const runtimes = await db.execute<{ id: string }>(sql`select id from runtimes`);
  expect(runtimes).toHaveLength(RUNTIMES);
  for (const { id } of runtimes) {
    await eventually(() => {
      const numbers = receiver.of(id).map(({ event }) => event.data['nth']);
      expect([...new Set(numbers)]).toEqual(all);
    });
  }
  // What came twice came under the same id.
  const ids = new Set(receiver.received.map(({ id }) => id));
  expect(ids.size).toBe(nth * RUNTIMES);
});
