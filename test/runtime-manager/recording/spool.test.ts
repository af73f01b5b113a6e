/** Segments on disk, while the storage and the database are away, and after a process is gone. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, inject, onTestFinished, test } from 'vitest';
import { Spool } from '../../../src/runtime-manager/index.ts';
import {
  PLAIN_RECORDING,
  type NewRecordingPart,
  type Recording,
} from '../../../src/runtime-manager/runtime/index.ts';
import { ColorVideos } from '../../support/color-videos.ts';
import { eventually } from '../../support/eventually.ts';
import { openFolder } from '../../support/folder.ts';

const log = pino({ level: 'silent' });
const NODE = randomUUID();

/** A spool whose storage and database fail as often as it is said. */
async function openSpool({ failing = 0, isKept = true } = {}) {
  const directory = await openFolder();
  const parts: NewRecordingPart[] = [];
  const objects = new Set<string>();
  const ended: string[] = [];
  const endedAt = new Map<string, Date>();
  const held: Recording[] = [];
  let failures = failing;
  const mayFail = () => {
    if (failures-- > 0) throw new Error('away');
  };
  const spool = new Spool({
    directory,
    ended: () => undefined,
    log,
    storage: {
      put: async (key, content) => {
        content.resume();
        mayFail();
        objects.add(key);
      },
      delete: async (key) => void objects.delete(key),
    },
    store: {
      addPart: async (_, part) => {
        mayFail();
        if (isKept) parts.push(part);
        return isKept;
      },
      end: async (id, at) => {
        mayFail();
        ended.push(id);
        endedAt.set(id, at);
      },
      listHeld: async () => held,
    },
  });
  onTestFinished(() => spool[Symbol.asyncDispose]());
  return { spool, directory, parts, objects, ended, endedAt, held };
}

/** A recording that an earlier process has not ended. */
function underWay(id: string, recordedMs: number): Recording {
  return {
    id,
    organizationId: randomUUID(),
    workspaceId: randomUUID(),
    runtimeId: randomUUID(),
    alias: 'a',
    generation: 1,
    nodeId: NODE,
    state: 'recording',
    options: PLAIN_RECORDING,
    startedAt: new Date(),
    endedAt: undefined,
    sizeBytes: 0,
    recordedMs,
  };
}

async function film(): Promise<Buffer> {
  return new ColorVideos(inject('ffmpegPath')).make(['red', 1]);
}

test('a segment waits on disk until the storage and the database have it', async () => {
  const { spool, directory, parts, objects, ended } = await openSpool({ failing: 3 });
  const id = randomUUID();
  const pathOf = await spool.open(id);
  const path = pathOf('TAB', 250);
  await writeFile(path, await film());
  spool.keep(id, { path, tabId: 'TAB', startMs: 250, endMs: 2000 });
  await spool.end(id, new Date());
  const size = { width: 640, height: 360 };
  expect(parts).toEqual([
    expect.objectContaining({ tabId: 'TAB', startMs: 250, endMs: 2000, ...size }),
  ]);
  expect([...objects]).toContain(parts[0]?.key);
  expect(ended).toEqual([id]);
  expect(await readdir(directory)).toEqual([]);
});

test('what has no picture is not stored, and what nobody keeps does not stay', async () => {
  for (const content of [Buffer.alloc(36), Buffer.alloc(0), await film()]) {
    const { spool, directory, objects, parts } = await openSpool({ isKept: false });
    const id = randomUUID();
    const path = (await spool.open(id))('TAB', 0);
    await writeFile(path, content);
    spool.keep(id, { path, tabId: 'TAB', startMs: 0, endMs: 1 });
    await spool.end(id, new Date());
    expect([...objects], `${content.length} bytes`).toEqual([]);
    expect(parts).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
  }
});

test('what an earlier process left is stored, as far as it is whole', async () => {
  const { spool, directory, parts, ended, held } = await openSpool();
  const [known, unknown] = [randomUUID(), randomUUID()];
  held.push(underWay(known, 0));
  const video = await film();
  for (const id of [known, unknown]) {
    await mkdir(join(directory, id));
    await writeFile(join(directory, id, 'TAB.5000.mp4'), video);
    await writeFile(join(directory, id, 'TAB.9000.mp4'), video.subarray(0, 30));
    await writeFile(join(directory, id, 'stranger'), 'x');
  }
  await spool.adopt(NODE);
  await eventually(async () => expect(ended.toSorted()).toEqual([known, unknown].toSorted()));
  expect(parts.map(({ startMs, endMs }) => [startMs, endMs])).toEqual([
    [5000, 6000],
    [5000, 6000],
  ]);
  await eventually(async () => expect(await readdir(directory)).toEqual([]));
});

test('a recording of an earlier process lasts as long as what was stored of it', async () => {
  const { spool, ended, endedAt, held } = await openSpool();
  const recording = underWay(randomUUID(), 7000);
  held.push(recording);
  await spool.adopt(NODE);
  await eventually(async () => expect(ended).toEqual([recording.id]));
  expect(endedAt.get(recording.id)).toEqual(new Date(recording.startedAt.getTime() + 7000));
});
