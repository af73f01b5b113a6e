/**
 * A hundred nodes and two APIs, with browsers that do nothing: everything else is the service's own
 * (manager, placement, store, bus, Postgres, NATS). Ten thousand creates at a steady rate, then five
 * hundred at once, then a quarter of the nodes is killed while creates go on.
 *
 *     node bench/cluster-sim.ts [--nodes=100] [--runtimes=10000] [--rate=150] [--orgs=50]
 *
 * Exits with 1 when a create is refused; when the 95th percentile is 50 ms or more (100 with one
 * organization), or a second or more of the five hundred; when the numbers of runtimes on the nodes
 * differ by more than 2 % of their mean (standard deviation); or when after three seconds a runtime of
 * a killed node is not failed, or any other is.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { inArray, sql } from 'drizzle-orm';
import { insertOrganization } from '../src/db/queries/organizations.ts';
import { runtimes } from '../src/db/schema/index.ts';
import { environmentOf, nodeIdOf } from './cluster-sim/addresses.ts';
import type { Load, LoadResult } from './cluster-sim/api.ts';
import { openGround } from './cluster/ground.ts';
import { median, p95 } from './suite/statistics.ts';

const HOSTS = 4;
const APIS = 2;
const WARM_UP = 200;
const BURST = 500;
const DURING_LOSS = 400;
const LOST_WITHIN_MS = 3000;

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '100' },
    runtimes: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '150' },
    orgs: { type: 'string', default: '50' },
  },
});
const [nodes, total, rate, orgs] = [values.nodes, values.runtimes, values.rate, values.orgs].map(
  Number,
);
if (!nodes || !total || !rate || !orgs) throw new Error('each number has to be positive');
const perHost = Math.floor(nodes / HOSTS);
/** Room for all that is created on those that are left in the end. */
const slots = Math.ceil(((total + BURST + DURING_LOSS) / nodes) * 1.6);

await using ground = await openGround();
const { db } = ground.postgres.database;
const organizationIds: string[] = [];
for (let nth = 0; nth < orgs; nth++) {
  organizationIds.push((await insertOrganization(db, `sim ${nth}`)).id);
}
const env = environmentOf(ground.shared['DATABASE_URL'] ?? '', ground.natsUrl);
await using processes = new AsyncDisposableStack();
const hosts = await Promise.all(
  Array.from({ length: HOSTS }, (_, nth) =>
    start('host.ts', [nth * perHost, perHost, slots].map(String)),
  ),
);
const apis = await Promise.all(Array.from({ length: APIS }, () => start('api.ts', [])));

await load('warm up', { total: WARM_UP, rate: rate / 3 });
const ramp = await load('steady', { total: total - WARM_UP, rate });
const spread = await balance();
const burst = await load('at once', { total: BURST, rate: 0 });
const loss = await loseHost();
const limitMs = orgs === 1 ? 100 : 50;
const failures = [
  [ramp, burst, loss.during].some(({ refused }) => refused > 0) && 'creates were refused',
  !(ramp.p95Ms < limitMs) && `the steady creates took ${limitMs} ms or more`,
  !(burst.p95Ms < 1000) && 'the creates at once took a second or more',
  spread.deviation > 0.02 * spread.mean && 'the nodes are not equally busy',
  !(loss.ms <= LOST_WITHIN_MS) && 'the loss was not recorded in time',
  loss.others > 0 && 'runtimes of other nodes failed',
].filter((failure) => failure !== false);
for (const failure of failures) console.error(failure);
if (failures.length > 0) process.exitCode = 1;

async function start(file: string, args: string[]): Promise<ChildProcess> {
  const child = fork(new URL(`cluster-sim/${file}`, import.meta.url), args, {
    env: { ...process.env, ...env },
  });
  processes.defer(() => void child.kill('SIGKILL'));
  await once(child, 'message');
  return child;
}

/** Has the APIs share a load; shows and returns what came of it. */
async function load(tag: string, { total: sum, rate: all }: Pick<Load, 'total' | 'rate'>) {
  const results = await Promise.all(
    apis.map(async (api) => {
      const share = { tag, total: Math.round(sum / APIS), rate: all / APIS, organizationIds };
      api.send(share satisfies Load);
      const [result] = (await once(api, 'message')) as [LoadResult];
      return result;
    }),
  );
  const ms = results.flatMap((result) => result.ms);
  const refusals = results.flatMap((result) => Object.entries(result.refusals));
  const refused = refusals.reduce((count, [, times]) => count + times, 0);
  const told = { created: ms.length, refused, medianMs: median(ms), p95Ms: p95(ms) };
  console.table({ [tag]: told });
  if (refused > 0) console.error(refusals);
  return told;
}

/** How the running runtimes are spread over the nodes. */
async function balance() {
  const counted = await db
    .select({ nodeId: runtimes.nodeId, running: sql<number>`count(*)::integer` })
    .from(runtimes)
    .where(sql`state = 'running'`)
    .groupBy(runtimes.nodeId);
  const numbers = counted.map(({ running }) => running);
  const mean = numbers.reduce((sum, one) => sum + one, 0) / perHost / HOSTS;
  const absent = perHost * HOSTS - numbers.length;
  const squares = numbers.reduce((sum, one) => sum + (one - mean) ** 2, absent * mean ** 2);
  const deviation = Math.sqrt(squares / perHost / HOSTS);
  const told = { mean, deviation, least: Math.min(...numbers), most: Math.max(...numbers) };
  console.table({ balance: told });
  return told;
}

/** Kills the nodes of one host while creates go on. */
async function loseHost() {
  const lost = Array.from({ length: perHost }, (_, nth) => nodeIdOf(nth));
  const creating = load('during a loss', { total: DURING_LOSS, rate: rate ?? 0 });
  const began = performance.now();
  hosts[0]?.kill('SIGKILL');
  const left = async () => {
    const [found] = await db
      .select({ active: sql<number>`count(*)::integer` })
      .from(runtimes)
      .where(sql`${inArray(runtimes.nodeId, lost)} and state not in ('stopped', 'failed')`);
    return found?.active ?? 0;
  };
  while ((await left()) > 0 && performance.now() - began < 10 * LOST_WITHIN_MS);
  const ms = performance.now() - began;
  const during = await creating;
  const [failed] = await db
    .select({
      theirs: sql<number>`count(*) filter (where ${inArray(runtimes.nodeId, lost)})::integer`,
      others: sql<number>`count(*) filter (where not ${inArray(runtimes.nodeId, lost)})::integer`,
    })
    .from(runtimes)
    .where(sql`state = 'failed'`);
  const told = { ms, theirs: failed?.theirs ?? 0, others: failed?.others ?? 0 };
  console.table({ loss: told });
  return { ...told, during };
}
