/**
 * What two extensions add to a create, against creates without any, in the same run.
 *
 *     node bench/extensions.ts [rounds]        (default 20)
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { marker, REACT_DEVTOOLS, storePackage } from '../test/support/packages.ts';
import { caller } from '../test/support/http.ts';
import { startService } from '../test/support/service-process.ts';

const RUNTIMES = '/v1/workspaces/default/runtimes';
const GOAL_MS = 150;

const rounds = Number(process.argv[2] ?? 20);
const directory = await mkdtemp(join(tmpdir(), 'bc-'));
const service = await startService({
  PORT: '0',
  BCTRL_DATA_DIR: join(directory, 'data'),
  LOG_LEVEL: 'warn',
});
const call = caller(service.url, service.apiKey);

try {
  const extensionIds = [
    await upload(await marker('Small')),
    await upload(await storePackage(REACT_DEVTOOLS)),
  ];
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
} finally {
  await service.stop('SIGTERM');
  await rm(directory, { recursive: true, force: true });
}

async function upload(content: Buffer): Promise<string> {
  const body = new FormData();
  body.set('file', new Blob([new Uint8Array(content)]), 'package');
  const response = await fetch(`${service.url}/v1/browser-extensions/upload`, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.apiKey}` },
    body,
  });
  const made: { id: string } = JSON.parse(await response.text());
  return made.id;
}

async function create(launch: object): Promise<number> {
  const began = performance.now();
  const created = await call('POST', RUNTIMES, { alias: 'bench', kind: 'browser', launch });
  const ms = performance.now() - began;
  if (created.status !== 200) throw new Error(created.text);
  await call('POST', `${RUNTIMES}/bench/stop`);
  return ms;
}

function median(times: number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? NaN;
}
