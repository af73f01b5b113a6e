import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { RuntimeError } from '../../../src/runtime-manager/errors.ts';
import { ConversionError } from '../../../src/runtime-manager/recording/convert/video-converter.ts';
import { Converter } from '../../../src/runtime-manager/recording/converter.ts';
import { eventually } from '../../support/eventually.ts';
import { freshDirectory, STORAGES } from '../../support/storages.ts';
import { newKey, openStoredRecordings } from '../../support/stored-recordings.ts';

type Convert = (input: string, output: string, givenUp: AbortSignal) => Promise<unknown>;

const ENDLESS: Convert = (_input, _output, givenUp) =>
  new Promise((_, reject) => givenUp.addEventListener('abort', () => reject(givenUp.reason)));

/** A part that is wanted as H.264, and converters that would make it so. */
async function openWanted() {
  const directory = join(await freshDirectory(), 'converting');
  const storage = await STORAGES['a directory']();
  const { store, organizationId, database, begin, addPart } = await openStoredRecordings();
  const recordingId = await begin();
  const key = newKey(recordingId);
  await storage.put(key, Readable.from(['av1']));
  const { id } = await addPart(recordingId, key);
  await store.requestVariant(id);
  const contentOf = async (one: string) => String(await buffer(await storage.get(one)));
  const objects = async () => {
    const keys = [];
    for await (const found of storage.list('recordings/')) keys.push(found.key);
    return keys;
  };
  const open = async (convert: Convert) => {
    const log = pino({ level: 'silent' });
    const converter = await Converter.open({ directory, store, storage, convert, log });
    onTestFinished(() => converter[Symbol.asyncDispose]());
    converter.soon();
    return converter;
  };
  const { $client: client } = database.db;
  const attempts = async () => {
    const [row] = await client<{ attempts: number }[]>`select attempts from recording_variants`;
    return row?.attempts;
  };
  /** How often what waits to be tried again was tried. */
  const waiting = async () => {
    const [row] = await client<{ attempts: number }[]>`
      select attempts from recording_variants where claimed_until < now() + interval '12 seconds'`;
    return row?.attempts;
  };
  /** Has what failed tried again at once. */
  const hurry = () => client`update recording_variants set claimed_until = null`;
  const rows = { attempts, waiting, hurry, variant: () => store.requestVariant(id) };
  const recorded = { store, organizationId, recordingId, key, id };
  return { directory, contentOf, objects, open, ...rows, ...recorded };
}

test('what is wanted is made of the part, and stored', async () => {
  const { directory, key, contentOf, objects, open, variant } = await openWanted();
  await open(async (input, output) => {
    await writeFile(output, `h264 of ${String(await readFile(input))}`);
  });
  const video = await eventually(async () => {
    const { video: made } = (await variant()) ?? {};
    if (!made) throw new Error('it is not made yet');
    return made;
  });
  expect(await contentOf(video.key)).toBe('h264 of av1');
  expect(video.sizeBytes).toBe(11);
  expect((await objects()).toSorted()).toEqual([key, video.key].toSorted());
  await eventually(async () => expect(await readdir(directory)).toEqual([]));
});

test('a part of a recording that is deleted meanwhile leaves no object', async () => {
  const { store, organizationId, recordingId, key, directory, objects, open } = await openWanted();
  let made = false;
  await open(async (_input, output) => {
    await writeFile(output, 'h264');
    await store.end(recordingId, new Date());
    await store.remove(organizationId, recordingId);
    made = true;
  });
  await eventually(async () => {
    expect(made).toBe(true);
    expect(await readdir(directory)).toEqual([]);
  });
  expect(await objects()).toEqual([key]);
});

test('what fails is tried three times', async () => {
  const { open, waiting, hurry, variant } = await openWanted();
  let tries = 0;
  const converter = await open(async () => {
    tries++;
    throw new ConversionError('failed', 'The page has crashed.');
  });
  for (const times of [1, 2]) {
    await eventually(async () => expect(await waiting()).toBe(times));
    expect(await variant()).toEqual({ video: undefined, failure: undefined });
    await hurry();
    converter.soon();
  }
  await eventually(async () => expect((await variant())?.failure).toBe('failed'));
  expect(tries).toBe(3);
});

test.for([
  ['unsupported', 'unsupported'],
  ['too_slow', 'failed'],
] as const)('what is %s is not tried again', async ([reason, failure]) => {
  const { open, variant } = await openWanted();
  let tries = 0;
  await open(async () => {
    tries++;
    throw new ConversionError(reason, 'No.');
  });
  await eventually(async () => expect((await variant())?.failure).toBe(failure));
  expect(tries).toBe(1);
});

test('a machine that is full does not count as a try', async () => {
  const { open, attempts } = await openWanted();
  let tries = 0;
  const converter = await open(async () => {
    tries++;
    throw new RuntimeError('runtime.no_capacity', 'The machine is full.');
  });
  for (let times = 1; times <= 4; times++) {
    await eventually(async () => {
      expect(tries).toBeGreaterThanOrEqual(times);
      expect(await attempts()).toBe(0);
    });
    converter.soon();
  }
});

test('the end of a process leaves the part to others, and nothing on disk', async () => {
  const { directory, store, id, open, attempts } = await openWanted();
  let begun = false;
  const converter = await open((...args) => {
    begun = true;
    return ENDLESS(...args);
  });
  await eventually(() => expect(begun).toBe(true));
  expect(await store.claimVariant(1000)).toBeUndefined();
  await converter[Symbol.asyncDispose]();
  expect(await readdir(directory)).toEqual([]);
  expect(await attempts()).toBe(0);
  expect((await store.claimVariant(1000))?.part.id).toBe(id);
});
