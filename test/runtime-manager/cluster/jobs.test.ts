import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { JobClient } from '../../../src/runtime-manager/cluster/jobs/job-client.ts';
import { RemoteStorageStates } from '../../../src/runtime-manager/cluster/jobs/remote-storage-states.ts';
import { RemoteTrials } from '../../../src/runtime-manager/cluster/jobs/remote-trials.ts';
import {
  serveJobs,
  type JobServerParts,
} from '../../../src/runtime-manager/cluster/jobs/serve-jobs.ts';
import { LocalBus } from '../../../src/runtime-manager/cluster/local-bus.ts';
import { SUBJECTS } from '../../../src/runtime-manager/cluster/subjects.ts';
import type { ExtensionTrial, ObjectStorage } from '../../../src/runtime-manager/index.ts';
import { StateConverter } from '../../../src/runtime-manager/machine/profiles/state-converter.ts';
import type { Archive } from '../../../src/runtime-manager/profiles/profile.ts';
import { RuntimeError } from '../../../src/runtime-manager/runtime/index.ts';
import { eventually } from '../../support/eventually.ts';
import { freshDirectory, STORAGES } from '../../support/storages.ts';
import { archiveOf } from '../../support/tar.ts';

const log = pino({ level: 'silent' });
const LONG_MS = 60_000;
const WORKS: ExtensionTrial = { warnings: [{ kind: 'runtime', message: 'it says' }], errors: [] };
const COOKIE = {
  name: 'a',
  value: 'b',
  domain: 'site.test',
  path: '/',
  expires: -1,
  httpOnly: false,
  secure: true,
  sameSite: 'Lax' as const,
};

const archive = (): Archive => ({
  key: `profiles/${randomUUID()}/${randomUUID()}.tar.zst`,
  sizeBytes: 10,
  sha256: createHash('sha256').update('archive').digest('hex'),
});
const jobKey = (kind: 'tar' | 'json') => `jobs/${randomUUID()}/${randomUUID()}.${kind}.zst`;

const refuse = async () => {
  throw new Error('the test did not expect this job');
};

type Browsers = Pick<JobServerParts, 'tryOut'> & JobServerParts['states'];

/** A node whose browsers are `browsers`, and a process without any. */
async function openPair(
  openStorage: () => Promise<ObjectStorage>,
  browsers: Partial<Browsers>,
  timeoutMs = LONG_MS,
) {
  const bus = new LocalBus();
  const storage = await openStorage();
  const workDir = join(await freshDirectory(), 'work');
  const { tryOut = refuse, toStorageState = refuse, fromStorageState = refuse } = browsers;
  const states = { toStorageState, fromStorageState };
  const serve = () => serveJobs(bus, { tryOut, states, storage, workDir, log });
  const served = serve();
  onTestFinished(() => served[Symbol.dispose]());
  const jobs = new JobClient({ bus, storage, timeoutMs, log });
  /** What of a job is still in the storage, or on the node's disk. */
  const left = async () => {
    const keys = (await Array.fromAsync(storage.list('jobs/'))).map(({ key }) => key);
    return [...keys, ...(await readdir(workDir).catch(() => []))];
  };
  const trials = new RemoteTrials(jobs);
  const storageStates = new RemoteStorageStates(jobs);
  return { bus, storage, served, serve, trials, states: storageStates, left };
}

async function extension(): Promise<string> {
  const directory = await freshDirectory();
  await mkdir(join(directory, 'js'));
  await writeFile(join(directory, 'manifest.json'), '{"name":"x"}');
  await writeFile(join(directory, 'js/a.js'), 'a()');
  return directory;
}

const isGone = (signal: AbortSignal | undefined) =>
  signal?.aborted ? Promise.resolve() : once(signal ?? new EventTarget(), 'abort');

for (const [kind, openStorage] of Object.entries(STORAGES)) {
  test(`${kind}: a node tries out the files of an extension, and keeps nothing of them`, async () => {
    const seen: unknown[] = [];
    const { trials, left } = await openPair(openStorage, {
      tryOut: async (directory) => {
        seen.push(await readFile(join(directory, 'js/a.js'), 'utf8'));
        seen.push((await readdir(directory)).toSorted());
        return WORKS;
      },
    });
    expect(await trials.tryOut(await extension())).toEqual(WORKS);
    expect(seen).toEqual(['a()', ['js', 'manifest.json']]);
    expect(await left()).toEqual([]);
  });

  test(`${kind}: a state of 20 MB passes both ways`, async () => {
    const localStorage = [{ name: 'n', value: randomBytes(10 * 1024 ** 2).toString('hex') }];
    const state = { cookies: [COOKIE], origins: [{ origin: 'https://site.test', localStorage }] };
    const made = archive();
    const given = Promise.withResolvers<unknown>();
    const { states, left } = await openPair(openStorage, {
      toStorageState: async (exported) => {
        expect(exported).toEqual(made);
        return state;
      },
      fromStorageState: async (profileId, taken) => {
        given.resolve([profileId, taken]);
        return made;
      },
    });
    const profileId = randomUUID();
    expect(await states.fromStorageState(profileId, state)).toEqual(made);
    expect(await given.promise).toEqual([profileId, state]);
    const exported = { ...made, version: 1, createdAt: new Date() };
    expect(await states.toStorageState(exported)).toEqual(state);
    expect(await left()).toEqual([]);
  });

  test(`${kind}: nothing is left of a job that fails`, async () => {
    const error = new RuntimeError('runtime.no_capacity', 'The machine is full.', {
      retryAfterSeconds: 7,
    });
    const fail = async () => {
      throw error;
    };
    const { trials, states, left } = await openPair(openStorage, {
      tryOut: fail,
      toStorageState: fail,
      fromStorageState: fail,
    });
    const refused = { code: error.code, message: error.message, retryAfterSeconds: 7 };
    await expect(trials.tryOut(await extension())).rejects.toMatchObject(refused);
    await expect(states.toStorageState(archive())).rejects.toMatchObject(refused);
    const state = { cookies: [COOKIE], origins: [] };
    await expect(states.fromStorageState(randomUUID(), state)).rejects.toMatchObject(refused);
    expect(await left()).toEqual([]);
  });

  test(`${kind}: nothing is left of a job that takes too long, and the node gives it up`, async () => {
    const began = vi.fn();
    const givenUp = vi.fn();
    const stall = async (signal: AbortSignal | undefined): Promise<never> => {
      began();
      await isGone(signal);
      givenUp();
      throw new Error('given up');
    };
    const { trials, states, left } = await openPair(
      openStorage,
      {
        tryOut: (_, signal) => stall(signal),
        toStorageState: (_, signal) => stall(signal),
        fromStorageState: (_, __, signal) => stall(signal),
      },
      1000,
    );
    const late = {
      code: 'service.unavailable',
      message: 'No machine with browsers did it in time.',
      retryAfterSeconds: 5,
    };
    await expect(trials.tryOut(await extension())).rejects.toMatchObject(late);
    await expect(states.toStorageState(archive())).rejects.toMatchObject(late);
    const state = { cookies: [], origins: [] };
    await expect(states.fromStorageState(randomUUID(), state)).rejects.toMatchObject(late);
    expect(began).toHaveBeenCalled();
    await eventually(async () => {
      expect(givenUp).toHaveBeenCalledTimes(began.mock.calls.length);
      expect(await left()).toEqual([]);
    });
  });

  test(`${kind}: the node removes a result that comes when the asker is gone`, async () => {
    const finish = Promise.withResolvers<void>();
    const { bus, storage, left } = await openPair(openStorage, {
      toStorageState: async () => {
        await finish.promise;
        return { cookies: [], origins: [] };
      },
    });
    const put = vi.spyOn(storage, 'put');
    const remove = vi.spyOn(storage, 'delete');
    const resultKey = jobKey('json');
    const message = { budgetMs: LONG_MS, resultKey, task: { archive: archive() } };
    const asked = bus.request(SUBJECTS.job('state.export'), message, { timeoutMs: 20 });
    await expect(asked).rejects.toMatchObject({ failure: 'timeout' });
    finish.resolve();
    await eventually(() => expect(remove).toHaveBeenCalledWith(resultKey));
    expect(put).toHaveBeenCalledWith(resultKey, expect.anything());
    await eventually(async () => expect(await left()).toEqual([]));
  });
}

const openStorage = STORAGES['a directory'];

test.for([
  new RuntimeError('profile.invalid_import', 'cookies.0: Chromium does not accept it', {
    details: {
      issues: [{ in: 'body', path: 'cookies.0', message: 'Chromium does not accept it' }],
    },
  }),
  new RuntimeError('profile.version_damaged', 'The archive does not match its checksum.', {
    details: { expected: 'a', found: 'b' },
  }),
  new RuntimeError('storage.object_missing', 'A stored file is missing.'),
])('$code of a node is what its asker throws', async (error) => {
  const { states } = await openPair(openStorage, {
    toStorageState: async () => {
      throw error;
    },
  });
  const thrown = await states.toStorageState(archive()).catch((refusal: unknown) => refusal);
  expect(thrown).toBeInstanceOf(RuntimeError);
  expect(thrown).toMatchObject({
    code: error.code,
    message: error.message,
    details: error.details,
  });
});

test('what a node does not expect is not told to the customer', async () => {
  const { states } = await openPair(openStorage, {
    toStorageState: async () => {
      throw new Error('/secret/path');
    },
  });
  const thrown = await states.toStorageState(archive()).catch((error: unknown) => error);
  expect(thrown).toMatchObject({ code: 'service.unavailable' });
  expect(String(thrown)).not.toContain('/secret/path');
});

test('a node that comes within a moment is asked', async () => {
  const { bus, trials, served, serve, left } = await openPair(openStorage, {
    tryOut: async () => WORKS,
  });
  served[Symbol.dispose]();
  const asked = vi.spyOn(bus, 'request');
  const trial = trials.tryOut(await extension());
  await eventually(() => expect(asked).toHaveBeenCalledOnce());
  using _ = serve();
  expect(await trial).toEqual(WORKS);
  expect(asked).toHaveBeenCalledTimes(2);
  expect(await left()).toEqual([]);
});

test('where no node is, the asker says so after the second time', async () => {
  const { bus, trials, served, left } = await openPair(openStorage, {});
  served[Symbol.dispose]();
  const asked = vi.spyOn(bus, 'request');
  await expect(trials.tryOut(await extension())).rejects.toMatchObject({
    code: 'service.unavailable',
    message: 'No machine with browsers is there now.',
    retryAfterSeconds: 5,
  });
  expect(asked).toHaveBeenCalledTimes(2);
  expect(await left()).toEqual([]);
});

test('without a connection, the asker says so at once', async () => {
  const { bus, trials, left } = await openPair(openStorage, {});
  bus.isConnected = false;
  const asked = vi.spyOn(bus, 'request');
  await expect(trials.tryOut(await extension())).rejects.toMatchObject({
    code: 'service.unavailable',
    message: 'The machines with browsers cannot be reached now.',
    retryAfterSeconds: 5,
  });
  expect(asked).toHaveBeenCalledOnce();
  expect(await left()).toEqual([]);
});

test('a job is done although its objects cannot be removed', async () => {
  const { storage, trials } = await openPair(openStorage, { tryOut: async () => WORKS });
  vi.spyOn(storage, 'delete').mockRejectedValue(new Error('the storage is away'));
  expect(await trials.tryOut(await extension())).toEqual(WORKS);
});

const sha256 = '0'.repeat(64);
const packed = () => ({ key: jobKey('tar'), sha256 });
const good = () => ({ budgetMs: LONG_MS, resultKey: jobKey('json') });

test.for<[string, string, () => unknown]>([
  ['no message', 'extension.try', () => undefined],
  ['a text', 'extension.try', () => 'do it'],
  ['no budget', 'extension.try', () => ({ resultKey: jobKey('json'), task: { packed: packed() } })],
  [
    'a budget of days',
    'extension.try',
    () => ({
      ...good(),
      budgetMs: 1e10,
      task: { packed: packed() },
    }),
  ],
  ['no task', 'state.export', good],
  [
    'a package among the profiles',
    'extension.try',
    () => ({
      ...good(),
      task: { packed: { key: archive().key, sha256 } },
    }),
  ],
  [
    'a package outside of its folder',
    'extension.try',
    () => ({
      ...good(),
      task: { packed: { key: `jobs/../${archive().key}`, sha256 } },
    }),
  ],
  [
    'a state by an absolute path',
    'state.import',
    () => ({
      ...good(),
      task: { profileId: randomUUID(), state: { key: '/etc/passwd', sha256 } },
    }),
  ],
  [
    'a profile that is a path',
    'state.import',
    () => ({
      ...good(),
      task: { profileId: '../extensions', state: packed() },
    }),
  ],
  [
    'a version among the jobs',
    'state.export',
    () => ({
      ...good(),
      task: { archive: { ...archive(), key: jobKey('tar') } },
    }),
  ],
  [
    'a result among the profiles',
    'state.export',
    () => ({
      ...good(),
      resultKey: archive().key,
      task: { archive: archive() },
    }),
  ],
  [
    'a result in place of the marker',
    'state.export',
    () => ({
      ...good(),
      resultKey: 'owner/database.json',
      task: { archive: archive() },
    }),
  ],
])('%s is answered as a problem, and touches nothing', async ([, name, message]) => {
  const { bus, storage } = await openPair(openStorage, {});
  const touched = (['get', 'put', 'delete'] as const).map((verb) => vi.spyOn(storage, verb));
  const answer = await bus.request(SUBJECTS.job(name), message(), { timeoutMs: LONG_MS });
  expect(answer).toMatchObject({ is: 'failed', problem: { code: 'service.unavailable' } });
  for (const verb of touched) expect(verb).not.toHaveBeenCalled();
});

test('a package that is not what was sent is not tried out', async () => {
  const { bus, storage, left } = await openPair(openStorage, {});
  const key = jobKey('tar');
  await storage.put(key, Readable.from([archiveOf([{ name: './manifest.json', content: '{}' }])]));
  const message = { ...good(), task: { packed: { key, sha256 } } };
  const answer = await bus.request(SUBJECTS.job('extension.try'), message, { timeoutMs: LONG_MS });
  expect(answer).toMatchObject({
    is: 'failed',
    problem: { message: 'The extension could not be unpacked there.' },
  });
  expect(await left()).toEqual([key]);
});

test('a package brings files and directories only', async () => {
  const seen: string[] = [];
  const { bus, storage } = await openPair(openStorage, {
    tryOut: async (directory) => {
      seen.push(...(await readdir(directory)));
      return WORKS;
    },
  });
  const content = archiveOf([
    { name: './manifest.json', content: '{}' },
    { name: './passwd', type: 'link', to: '/etc/passwd' },
  ]);
  const key = jobKey('tar');
  await storage.put(key, Readable.from([content]));
  const file = { key, sha256: createHash('sha256').update(content).digest('hex') };
  const message = { ...good(), task: { packed: file } };
  await bus.request(SUBJECTS.job('extension.try'), message, { timeoutMs: LONG_MS });
  expect(seen).toEqual(['manifest.json']);
});

test('zips of states are made and taken where they are asked for, without any node', async () => {
  const { storage, states, served } = await openPair(openStorage, {});
  served[Symbol.dispose]();
  const root = await freshDirectory();
  const converter = new StateConverter({ storage, root, storageStates: states });
  const content = archiveOf([{ name: './Default/Cookies', content: '{}' }]);
  const key = archive().key;
  await storage.put(key, Readable.from([content]));
  const version = {
    key,
    sizeBytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  };
  const zip = Buffer.concat(await (await converter.toZip(version)).toArray());
  const file = join(root, 'upload');
  await writeFile(file, zip);
  const profileId = randomUUID();
  const taken = await converter.fromZip(profileId, file);
  expect(taken.key).toMatch(new RegExp(`^profiles/${profileId}/`));
  const again = Buffer.concat(await (await converter.toZip(taken)).toArray());
  expect(String(again)).toContain('Default/Cookies');
  await eventually(async () => expect(await readdir(root)).toEqual([]));
});
