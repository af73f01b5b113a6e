import { randomUUID } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished } from 'vitest';
import { JobClient } from '../../../src/runtime-manager/cluster/jobs/job-client.ts';
import { RemoteStorageStates } from '../../../src/runtime-manager/cluster/jobs/remote-storage-states.ts';
import { RemoteTrials } from '../../../src/runtime-manager/cluster/jobs/remote-trials.ts';
import { serveJobs } from '../../../src/runtime-manager/cluster/jobs/serve-jobs.ts';
import { LocalBus } from '../../../src/runtime-manager/cluster/local-bus.ts';
import { openStorageBeside } from '../../../src/runtime-manager/index.ts';
import { eventually } from '../../support/eventually.ts';
import type { BrowserService } from '../../support/service.ts';
import { freshDirectory } from '../../support/storages.ts';
import { testWithoutWarm as test } from '../../support/test.ts';

/** A service's machine does jobs for a process that has nothing but the storage. */
async function openJobs({ dataDir, states, tryOut }: BrowserService, timeoutMs = 120_000) {
  const bus = new LocalBus();
  const storage = await openStorageBeside(undefined, join(dataDir, 'objects'));
  const workDir = join(await freshDirectory(), 'work');
  const log = pino({ level: 'silent' });
  const served = serveJobs(bus, { tryOut, states, storage, workDir, log });
  onTestFinished(() => served[Symbol.dispose]());
  const jobs = new JobClient({ bus, storage, timeoutMs, log });
  const left = async () => {
    const keys = (await Array.fromAsync(storage.list('jobs/'))).map(({ key }) => key);
    return [
      ...keys,
      ...(await readdir(workDir).catch(() => [])),
      ...(await readdir(join(dataDir, 'checkouts'))),
    ];
  };
  return { trials: new RemoteTrials(jobs), states: new RemoteStorageStates(jobs), left };
}

async function extension(worker: string): Promise<string> {
  const directory = join(await freshDirectory(), 'extension');
  await mkdir(directory);
  const background = { service_worker: 'worker.js' };
  const manifest = { manifest_version: 3, name: 'x', version: '1.0', background };
  await writeFile(join(directory, 'manifest.json'), JSON.stringify(manifest));
  await writeFile(join(directory, 'worker.js'), worker);
  return directory;
}

test('an extension that works, and two that do not, are told apart from afar', async ({
  service,
}) => {
  const { trials, left } = await openJobs(service);
  const works = await extension('chrome.runtime.onMessage.addListener(() => undefined);');
  expect(await trials.tryOut(works)).toEqual({ warnings: [], errors: [] });
  const broken = await trials.tryOut(await extension('this is no code'));
  expect(broken.errors.join('\n')).toContain('worker.js');
  const empty = await extension('');
  await writeFile(join(empty, 'manifest.json'), '{"name":"x"}');
  const refused = await trials.tryOut(empty);
  expect(refused.errors).toEqual([expect.stringContaining('Chromium does not load it')]);
  expect(await left()).toEqual([]);
});

/** How many browsers the service's machine has launched so far. */
async function launchesOf({ call }: BrowserService): Promise<number> {
  const { text } = await call('GET', '/metrics');
  return Number(/^bctrl_browser_launches_total{outcome="launched"} (\d+)$/m.exec(text)?.[1]);
}

test('trials that nobody waits for any more launch no browsers', async ({ service }) => {
  const { trials, left } = await openJobs(service, 1);
  const { trials: patient } = await openJobs(service);
  const works = await extension('');
  const before = await launchesOf(service);
  const asked = await Promise.allSettled(Array.from({ length: 3 }, () => trials.tryOut(works)));
  for (const trial of asked) {
    expect(trial).toMatchObject({ reason: { code: 'service.unavailable' } });
  }
  await eventually(async () => expect(await left()).toEqual([]));
  // Trials run one after the other, so that this is the last one.
  expect(await patient.tryOut(works)).toEqual({ warnings: [], errors: [] });
  expect(await launchesOf(service)).toBe(before + 1);
});

test('a storage state goes into a profile and comes out of it from afar', async ({ service }) => {
  const { states, left } = await openJobs(service);
  const cookie = {
    name: 'session',
    value: 'one',
    domain: 'site.test',
    path: '/',
    expires: Math.floor(Date.now() / 1000) + 100_000,
    httpOnly: true,
    secure: true,
    sameSite: 'Lax' as const,
  };
  const localStorage = [{ name: 'key', value: 'kept' }];
  const state = { cookies: [cookie], origins: [{ origin: 'https://site.test', localStorage }] };
  const profileId = randomUUID();
  const archive = await states.fromStorageState(profileId, state);
  expect(archive.key).toMatch(new RegExp(`^profiles/${profileId}/`));
  expect(await states.toStorageState(archive)).toMatchObject({
    cookies: [{ name: 'session', value: 'one', domain: 'site.test' }],
    origins: [{ origin: 'https://site.test', localStorage }],
  });
  expect(await left()).toEqual([]);
});

test('what a machine refuses of a state is refused from afar', async ({ service }) => {
  const { states, left } = await openJobs(service);
  const cookie = { name: '__Host-a', value: 'b', domain: '.site.test', path: '/x' };
  const given = { cookies: [cookie], origins: [] };
  await expect(states.fromStorageState(randomUUID(), given)).rejects.toMatchObject({
    code: 'profile.invalid_import',
    details: { issues: [{ in: 'body', path: 'cookies.0' }] },
  });
  const archive = {
    key: `profiles/${randomUUID()}/${randomUUID()}.tar.zst`,
    sizeBytes: 1,
    sha256: '0'.repeat(64),
  };
  await expect(states.toStorageState(archive)).rejects.toMatchObject({
    code: 'storage.object_missing',
  });
  const made = await states.fromStorageState(randomUUID(), { cookies: [], origins: [] });
  const damaged = { ...made, sha256: '0'.repeat(64) };
  await expect(states.toStorageState(damaged)).rejects.toMatchObject({
    code: 'profile.version_damaged',
    details: { expected: damaged.sha256, found: made.sha256 },
  });
  expect(await left()).toEqual([]);
});
