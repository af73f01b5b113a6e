/**
 * Runtimes from a profile of 20 MB against those of an empty one and ephemeral ones, and how much
 * longer a stop takes that saves it, in the same run.
 *
 *     node bench/profiles.ts [rounds]        (default 15)
 */
import { openSite } from './site.ts';
import { createLargeProfile } from './suite/large-profile.ts';
import { openService } from './suite/service.ts';
import { median, p95, timed } from './suite/statistics.ts';

const rounds = Number(process.argv[2] ?? 15);
await using service = await openService({ BCTRL_PROFILE_SAVE_INTERVAL: '0', LOG_LEVEL: 'info' });
const { call } = service;
using site = await openSite();
const large = await createLargeProfile(service, site.url);
const creates = { ephemeral: [] as number[], empty: [] as number[], large: [] as number[] };
const stops = { ephemeral: [] as number[], empty: [] as number[], large: [] as number[] };
for (let round = 0; round < rounds; round++) {
  const empty = await call('POST', '/v1/browser-profiles', { name: `empty-${round}` });
  await life('ephemeral', { mode: 'ephemeral' });
  await life('empty', { mode: 'profile', profileId: empty.json.id });
  await life('large', { mode: 'profile', profileId: large });
}
const rows = Object.entries(creates).map(([name, times]) => [name, summary(times)]);
console.table(Object.fromEntries(rows));
const ratio = median(creates.large) / median(creates.ephemeral);
console.log(`ready from 20 MB: ${ratio.toFixed(2)} x an ephemeral one (goal 1.25)`);
const save = median(stops.large) - median(stops.ephemeral);
console.log(`a stop with its save takes ${Math.round(save)} ms longer than one without`);
const { json } = await call('GET', `/v1/browser-profiles/${large}/versions`);
console.log(`a version has ${(json.versions[0].sizeBytes / 1024 ** 2).toFixed(1)} MB`);
if (ratio > 1.25) process.exitCode = 1;

async function life(kind: keyof typeof creates, launch: object): Promise<void> {
  const began = performance.now();
  const runtime = await service.create(launch);
  creates[kind].push(performance.now() - began);
  stops[kind].push(await timed(runtime.end));
}

function summary(times: number[]) {
  return { n: times.length, medianMs: Math.round(median(times)), p95Ms: Math.round(p95(times)) };
}
