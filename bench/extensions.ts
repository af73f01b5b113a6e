/**
 * What two extensions add to a create, against creates without any, in the same run.
 *
 *     node bench/extensions.ts [rounds]        (default 20)
 */
import { openService } from './suite/service.ts';
import { median } from './suite/statistics.ts';
import { uploadTwoExtensions } from './suite/two-extensions.ts';

const GOAL_MS = 150;

const rounds = Number(process.argv[2] ?? 20);
await using service = await openService({ LOG_LEVEL: 'warn' });
const extensionIds = await uploadTwoExtensions(service);
const samples = { without: [] as number[], with: [] as number[] };
for (let round = 0; round <= rounds; round++) {
  const without = await create({ mode: 'ephemeral' });
  const withTwo = await create({ mode: 'ephemeral', extensionIds });
  // The first one of each unpacks and warms.
  if (round === 0) continue;
  samples.without.push(without);
  samples.with.push(withTwo);
}
const added = median(samples.with) - median(samples.without);
console.log(
  `create: ${median(samples.without).toFixed(0)} ms without, ${median(samples.with).toFixed(0)} ms with two extensions: ` +
    `${added.toFixed(0)} ms more (goal ${GOAL_MS}), ${rounds} samples`,
);
if (added > GOAL_MS) process.exitCode = 1;

async function create(launch: object): Promise<number> {
  const began = performance.now();
  const runtime = await service.create(launch);
  const ms = performance.now() - began;
  await runtime.end();
  return ms;
}
