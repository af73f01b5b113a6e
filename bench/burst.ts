/**
 * 100 creates at once on a machine with room for 10: how many are carried out, and how long the
 * others wait for their refusal. Exits with 1 when that is not 10, or the 95th percentile of the
 * refusals is more than 200 ms beyond the deadline of the queue.
 *
 *     node bench/burst.ts
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { caller } from '../test/support/http.ts';
import { startService } from '../test/support/service-process.ts';

const ROOM = 10;
const CREATES = 100;
const DEADLINE_MS = 8000;
const LATE_MS = 200;

const directory = await mkdtemp(join(tmpdir(), 'bc-'));
const service = await startService({
  PORT: '0',
  BCTRL_DATA_DIR: join(directory, 'data'),
  BCTRL_MAX_RUNTIMES: String(ROOM),
  BCTRL_QUEUE_TIMEOUT_MS: String(DEADLINE_MS),
  LOG_LEVEL: 'warn',
});
const call = caller(service.url, service.apiKey);
try {
  const answers = await Promise.all(
    Array.from({ length: CREATES }, async (_, number) => {
      const began = performance.now();
      const body = { alias: `burst-${number}`, kind: 'browser' };
      const { status } = await call('POST', '/v1/workspaces/default/runtimes', body);
      return { status, ms: performance.now() - began };
    }),
  );
  const times = (status: number) =>
    answers.flatMap((one) => (one.status === status ? [one.ms] : [])).toSorted((a, b) => a - b);
  const [created, refused] = [times(200), times(503)];
  console.table({
    created: { n: created.length, medianMs: at(created, 0.5), p95Ms: at(created, 0.95) },
    refused: { n: refused.length, medianMs: at(refused, 0.5), p95Ms: at(refused, 0.95) },
  });
  const isRight = created.length === ROOM && refused.length === CREATES - ROOM;
  if (!isRight || at(refused, 0.95) > DEADLINE_MS + LATE_MS) process.exitCode = 1;
} finally {
  await service.stop('SIGTERM');
  await rm(directory, { recursive: true, force: true });
}

function at(sorted: number[], share: number): number {
  return Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
}
