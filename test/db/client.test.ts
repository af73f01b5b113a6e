import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { sql } from 'drizzle-orm';
import { inject, test } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { embeddedAddress } from '../../src/db/embedded.ts';

test.concurrent('connections that are lost on the way are found before a statement needs them', async ({
  expect,
  onTestFinished,
}) => {
  const { socketDir, user, database: name } = embeddedAddress(inject('postgresDataDir'));
  const through = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(`${socketDir}/.s.PGSQL.5432`);
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    through.add(client).add(upstream);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of through) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  await using database = await openDatabase({
    url: `postgres://${user}@127.0.0.1:${port}/${name}`,
  });
  const ask = async () => database.db.execute(sql`select 1 as one`);
  await Promise.all(Array.from({ length: 5 }, ask));

  // As a firewall loses them: nobody is told, and nothing comes through any more.
  for (const socket of through) socket.unpipe().pause();
  const inTheMiddle = ask();
  const anew = once(server, 'connection');
  await expect(inTheMiddle).rejects.toThrow();
  await anew;
  await expect.poll(ask, { timeout: 20_000 }).toEqual([{ one: 1 }]);
});

test.concurrent('a database that has more to do than it can at once refuses nobody', async ({
  expect,
}) => {
  await using database = await openDatabase(embeddedAddress(inject('postgresDataDir')));
  const work = () => database.db.execute(sql`select pg_sleep(0.7)`);
  // More than the connections of a pool, and so that whether it is there is answered late.
  const all = await Promise.all(Array.from({ length: 60 }, work));
  expect(all).toHaveLength(60);
});
