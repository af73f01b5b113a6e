/**
 * How long a page of a list takes in a namespace with 10,000 files in 1,000 folders. Exits with 1 when
 * the median is over 20 ms.
 *
 *     node bench/files.ts
 */
import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { openPostgres } from './suite/postgres.ts';
import { openService } from './suite/service.ts';
import { median, p95 } from './suite/statistics.ts';

const NAMESPACE = 'listed';
const GOAL_MS = 20;

await using postgres = await openPostgres();
const { socketDir, user, database: name } = postgres.address;
await using service = await openService({
  DATABASE_URL: `postgres://${user}@${encodeURIComponent(socketDir)}/${name}`,
  BCTRL_API_KEY: `bctrl_${randomBytes(16).toString('hex')}`,
});
await service.call('POST', '/v1/storage', { name: NAMESPACE });
const { db } = postgres.database;
await db.execute(sql`
  insert into files (id, organization_id, namespace_id, path, source, state, size_bytes,
    content_type, sha256, key)
  select gen_random_uuid(), n.organization_id, n.id,
    lpad((i % 1000)::text, 4, '0') || '/' || lpad(i::text, 5, '0') || '.txt',
    'upload', 'stored', 1, 'text/plain', repeat('0', 64), 'files/' || gen_random_uuid()
  from storage_namespaces n, generate_series(1, 10000) i where n.name = ${NAMESPACE}`);
await db.execute(sql`analyze files`);

const rows = [];
for (const query of [
  'limit=100',
  'limit=500',
  'limit=100&folders=true',
  'limit=500&folders=true',
]) {
  await pages(query);
  const times = await pages(query);
  rows.push({ query, pages: times.length, medianMs: median(times), p95Ms: p95(times) });
}
console.table(rows);
if (rows.some(({ medianMs }) => medianMs > GOAL_MS)) process.exitCode = 1;

/** How long each page took, by its client. */
async function pages(query: string): Promise<number[]> {
  const times: number[] = [];
  let cursor = '';
  do {
    const path = `/v1/storage/${NAMESPACE}/files?${query}${cursor && `&cursor=${cursor}`}`;
    const began = performance.now();
    const { json } = await service.call('GET', path);
    times.push(performance.now() - began);
    cursor = json.nextCursor ?? '';
  } while (cursor !== '');
  return times;
}
