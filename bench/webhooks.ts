/**
 * What webhooks cost: 1,000 events a second, which ten webhooks get, while an eleventh has a receiver
 * that never answers. Exits with 1 when an event is missing or late, the service's memory grows, or
 * creates take longer than beside the same events without webhooks. Each create takes a browser that
 * is ready: launches, which take the whole processor, are over by then. What counts is how long the
 * service takes; the client, which has to share its processor, is told of, too.
 *
 *     node bench/webhooks.ts [--seconds=20] [--rounds=24]
 */
import { execFileSync, fork } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { openPostgres } from './suite/postgres.ts';
import { openService } from './suite/service.ts';
import { median, p95 } from './suite/statistics.ts';

const WEBHOOKS = 10;
const PER_SECOND = 1000;
/** As many creates one after the other are over before the pool launches anew. */
const WARM = 8;
const TICK_MS = 20;
const PARTS = 6;
/** A line that tells of a create. */
const Request = z.object({
  msg: z.literal('request'),
  method: z.literal('POST'),
  path: z.string().endsWith('/runtimes'),
  ms: z.number(),
});
const GOALS = { lagMs: 1000, growthMb: 30, createRatio: 1.05 };

interface Creates {
  inService: number[];
  /** As the client saw them. */
  times: number[];
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '24' },
  },
});

await using postgres = await openPostgres();
const { socketDir, user, database: name } = postgres.address;
const { db, unhurried } = postgres.database;
await using service = await openService({
  DATABASE_URL: `postgres://${user}@${encodeURIComponent(socketDir)}/${name}`,
  LOG_LEVEL: 'info',
  BCTRL_WARM_MIN: String(WARM),
  BCTRL_WARM_MAX: String(WARM),
  BCTRL_API_KEY: `bctrl_${randomBytes(16).toString('hex')}`,
});

const lags: number[] = [];
const receiver = fork(new URL('./webhooks/receiver.ts', import.meta.url));
// Any other thread comes before it.
execFileSync('chrt', ['--idle', '--pid', '0', String(receiver.pid)]);
const [{ port }] = await once(receiver, 'message');
const at = `http://127.0.0.1:${port}`;

const ids: string[] = [];
const webhooksOf = async (status: 'enabled' | 'disabled') => {
  for (const id of ids) await service.call('PATCH', `/v1/webhooks/${id}`, { status });
};
for (let nth = 0; nth < WEBHOOKS; nth++)
  ids.push(await createWebhook(`/${nth}`, await workspace()));
ids.push(await createWebhook('/hangs', undefined));

await webhooksOf('disabled');
await createTimes(1);
const without: Creates = { inService: [], times: [] };
const beside: Creates = { inService: [], times: [] };
const rounds = Number(values.rounds) / PARTS;
for (let part = 0; part < PARTS; part++) {
  await webhooksOf('disabled');
  await whileEventsHappen(() => measure(without));
  await webhooksOf('enabled');
  await whileEventsHappen(() => measure(beside));
}
await caughtUp();
const createRatio = median(beside.inService) / median(without.inService);
console.log(
  `create: median ${median(without.inService).toFixed(1)} ms without, ${median(beside.inService).toFixed(1)} ms with webhooks: × ${createRatio.toFixed(2)} (goal ${GOALS.createRatio}); the client beside it saw ${median(without.times).toFixed(1)} and ${median(beside.times).toFixed(1)} ms`,
);

const seconds = Number(values.seconds);
// Rows that the bench writes wake nobody: the service finds the first of them when it looks again.
await happenFor(seconds / 2);
await collect();
lags.length = 0;
const beforeMb = await memoryMb();
const happened = await happenFor(seconds);
const growthMb = (await memoryMb()) - beforeMb;
await caughtUp();
const lagMs = p95(lags);
console.log(
  `${happened} events in ${seconds} s: ${lags.length} delivered, lag median ${median(lags).toFixed(0)} ms, p95 ${lagMs.toFixed(0)} ms (goal ${GOALS.lagMs} ms); memory +${growthMb.toFixed(0)} MB (goal ${GOALS.growthMb} MB)`,
);
const isMet =
  createRatio <= GOALS.createRatio &&
  lagMs <= GOALS.lagMs &&
  growthMb <= GOALS.growthMb &&
  lags.length >= happened;
process.exitCode = isMet ? 0 : 1;
receiver.disconnect();

/** A workspace with a runtime that is over, for events to be of. */
async function workspace(): Promise<string> {
  const made = await service.call('POST', '/v1/workspaces', { name: `w-${randomUUID()}` });
  await db.execute(sql`
    insert into runtimes (id, organization_id, workspace_id, node_id, alias, kind, driver, launch, state)
    select gen_random_uuid(), organization_id, id, gen_random_uuid(), 'r', 'browser', 'playwright',
      '{"mode":"ephemeral"}', 'stopped' from workspaces where id = ${made.json.id}`);
  return made.json.id;
}

async function createWebhook(path: string, workspaceId: string | undefined): Promise<string> {
  const body = { url: at + path, events: ['download.started'], workspaceId };
  const { json: made, text } = await service.call('POST', '/v1/webhooks', body);
  if (made.id === undefined) throw new Error(text);
  return made.id;
}

async function measure({ inService, times }: Creates): Promise<void> {
  const before = service.log().length;
  times.push(...(await createTimes(rounds)));
  const lines = service.log().slice(before).trim().split('\n');
  const requests = lines.map((line) => Request.safeParse(JSON.parse(line)));
  inService.push(...requests.flatMap(({ data }) => data?.ms ?? []));
}

/** Each round takes the whole pool. */
async function createTimes(count: number): Promise<number[]> {
  const times: number[] = [];
  for (let nth = 0; nth < count; nth++) {
    await poolIsFull();
    await using ended = new AsyncDisposableStack();
    for (let taken = 0; taken < WARM; taken++) {
      const began = performance.now();
      const runtime = await service.create();
      times.push(performance.now() - began);
      ended.defer(() => runtime.end());
    }
  }
  return times;
}

async function whileEventsHappen<T>(work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const writing = happenUntil(() => over.signal.aborted);
  const result = await work();
  over.abort();
  await writing;
  return result;
}

/** What the last create and its end have left to do is over, too. */
async function poolIsFull(): Promise<void> {
  do await delay(500);
  while (((await service.gauge('bctrl_warm_browsers')) ?? 0) < WARM);
}

function happenFor(forS: number): Promise<number> {
  const until = performance.now() + forS * 1000;
  return happenUntil(() => performance.now() >= until);
}

/** Events of all workspaces in turn, a few in each statement; resolves with how many there were. */
async function happenUntil(isOver: () => boolean): Promise<number> {
  const began = performance.now();
  let written = 0;
  while (!isOver()) {
    const each = Math.floor(
      (((performance.now() - began) / 1000) * PER_SECOND - written) / WEBHOOKS,
    );
    if (each > 0) {
      // As the service writes them.
      await unhurried.execute(sql`
        insert into runtime_events (organization_id, runtime_id, type, data)
        select organization_id, id, 'download.started', '{"filename":"report.pdf"}'
        from runtimes, generate_series(1, ${each}) where alias = 'r'`);
      written += each * WEBHOOKS;
    }
    await delay(TICK_MS);
  }
  return written;
}

/** Resolves when nothing came for three seconds. */
async function caughtUp(): Promise<void> {
  for (let before = -1; before !== lags.length;) {
    before = lags.length;
    await delay(3000);
    await collect();
  }
}

async function collect(): Promise<void> {
  receiver.send('lags');
  const [received] = await once(receiver, 'message');
  for (const lag of received.lags) lags.push(lag);
}

async function memoryMb(): Promise<number> {
  const status = await readFile(`/proc/${service.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}
