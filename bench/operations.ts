/**
 * What an operation costs: `execute` with one `page.title` on a runtime that has carried out steps
 * before, and for the first time. Exits with 1 when the goal is missed.
 *
 *     node bench/operations.ts [--rounds=200]
 */
import { parseArgs } from 'node:util';
import { openService, type BenchService } from './suite/service.ts';
import { median, p95, timed } from './suite/statistics.ts';

const GOAL_MS = 15;
const EXECUTE = '/v1/workspaces/default/execute';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '200' } } });

await using service = await openService();
const { alias } = await service.create();
const firstMs = await timed(() => title(service));
const times: number[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  times.push(await timed(() => title(service)));
}
const p50Ms = median(times);
console.log(
  `page.title: first ${firstMs.toFixed(0)} ms, then p50 ${p50Ms.toFixed(1)} ms, p95 ${p95(times).toFixed(1)} ms (goal ${GOAL_MS} ms)`,
);
process.exitCode = p50Ms <= GOAL_MS ? 0 : 1;

async function title({ call }: BenchService): Promise<void> {
  const { json, text } = await call('POST', EXECUTE, {
    runtime: alias,
    steps: [{ call: 'page.title' }],
  });
  if (json.status !== 'succeeded') throw new Error(text);
}
