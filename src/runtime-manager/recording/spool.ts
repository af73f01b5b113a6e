import { randomUUID } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { OBJECT_FOLDERS } from '../retention/orphans.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { retry } from '../timing/retry.ts';
import { Turns } from '../timing/turns.ts';
import { untilAborted } from '../timing/until-aborted.ts';
import { readVideo } from './join/read-video.ts';
import type { EndedSegment } from './recorded-tab.ts';
import type { Recording } from './recording.ts';
import type { RecordingStore } from './recording-store.ts';

const STORED_AT_ONCE = 2;
const RETRY_DELAYS = { minMs: 200, maxMs: 10_000 };
/** How long a shutdown waits for what is stored just then; the next start stores the rest. */
const CLOSE_MS = 5000;
const FOLDER = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SEGMENT = /^([\w-]+)\.(\d+)\.mp4$/;

/** A segment on disk. */
type Spooled = Omit<EndedSegment, 'sizeBytes'>;

export interface SpoolOptions {
  /** Where segments lie until they are stored, a folder for each recording. */
  directory: string;
  store: Pick<RecordingStore, 'addPart' | 'end' | 'listHeld'>;
  storage: Pick<ObjectStorage, 'put' | 'delete'>;
  /** There is something to be joined. */
  ended: () => void;
  log: Logger;
}

/**
 * Where segments lie on disk until they are in the object storage. What a process leaves, its next
 * start stores: a segment that was cut off as far as it is whole.
 */
export class Spool implements AsyncDisposable {
  readonly #options: SpoolOptions;
  readonly #turns = new Turns(STORED_AT_ONCE);
  readonly #closing = new AbortController();
  /** By recording: what is being stored of it. */
  readonly #storing = new Map<string, Set<Promise<void>>>();
  readonly #ending = new Set<Promise<void>>();

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  /** Makes the folder of a recording, and returns where its segments are to be written. */
  async open(recordingId: string): Promise<(tabId: string, startMs: number) => string> {
    const folder = join(this.#options.directory, recordingId);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return (tabId, startMs) => join(folder, `${tabId}.${startMs}.mp4`);
  }

  /** Stores a segment as soon as it can. */
  keep(recordingId: string, segment: Spooled): void {
    const storing = this.#turns.take(() => this.#untilStored(recordingId, segment));
    const all = this.#storing.get(recordingId) ?? new Set();
    this.#storing.set(recordingId, all.add(storing));
    void storing.then(() => {
      all.delete(storing);
      if (all.size === 0) this.#storing.delete(recordingId);
    });
  }

  /** Ends a recording when all that is of it is stored. Never rejects. */
  async end(recordingId: string, endedAt: Date): Promise<void> {
    const ending = this.#end(recordingId, endedAt);
    this.#ending.add(ending);
    await ending;
    this.#ending.delete(ending);
  }

  async #end(recordingId: string, endedAt: Date): Promise<void> {
    const storing = this.#storing.get(recordingId) ?? new Set<Promise<void>>();
    await Promise.all(storing);
    const { store, directory, ended, log } = this.#options;
    const end = () => store.end(recordingId, endedAt);
    const isDone = await this.#retried(end, (err) =>
      log.warn({ err, recordingId }, 'the end of a recording is not recorded yet'),
    );
    if (!isDone) return;
    await rm(join(directory, recordingId), { recursive: true, force: true });
    ended();
  }

  /** Stores what earlier processes of this machine have left, and ends those recordings. */
  async adopt(nodeId: string): Promise<void> {
    const { directory, store } = this.#options;
    const held = await store.listHeld(nodeId);
    const folders = await readdir(directory).catch(() => []);
    const known = new Map(held.map((one) => [one.id, one]));
    const left = folders.filter((name) => FOLDER.test(name));
    for (const id of new Set([...left, ...known.keys()])) await this.#adopt(id, known.get(id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const storing = [...this.#storing.values()].flatMap((some) => [...some]);
    const all = [...storing, ...this.#ending];
    await untilAborted(Promise.all(all), AbortSignal.timeout(CLOSE_MS)).catch(() => undefined);
    this.#closing.abort();
  }

  async #adopt(recordingId: string, recording: Recording | undefined): Promise<void> {
    const folder = join(this.#options.directory, recordingId);
    let lastMs = recording?.recordedMs ?? 0;
    for (const name of await readdir(folder).catch(() => [])) {
      const [, tabId, start] = SEGMENT.exec(name) ?? [];
      const path = join(folder, name);
      if (tabId === undefined) continue;
      const startMs = Number(start);
      const { durationMs = 0 } = (await readVideo(path)) ?? {};
      const endMs = Math.round(startMs + durationMs);
      lastMs = Math.max(lastMs, endMs);
      this.keep(recordingId, { path, tabId, startMs, endMs });
    }
    const endedAt = recording ? new Date(recording.startedAt.getTime() + lastMs) : new Date();
    void this.end(recordingId, endedAt);
  }

  async #untilStored(recordingId: string, segment: Spooled): Promise<void> {
    const { log } = this.#options;
    const store = () => this.#store(recordingId, segment);
    await this.#retried(store, (err) =>
      log.warn({ err, recordingId }, 'a part of a recording is not stored yet'),
    );
  }

  async #store(recordingId: string, { path, tabId, startMs, endMs }: Spooled): Promise<void> {
    const { store, storage } = this.#options;
    // It ended so late that its recording was over.
    if (!existsSync(path)) return undefined;
    const video = await readVideo(path);
    if (!video) return rm(path, { force: true });
    const { size: sizeBytes } = await stat(path);
    const key = `${OBJECT_FOLDERS.recordings}${recordingId}/${randomUUID()}.mp4`;
    await storage.put(key, createReadStream(path));
    const { width, height } = video;
    const part = { tabId, startMs, endMs, width, height, sizeBytes, key };
    if (!(await store.addPart(recordingId, part))) await storage.delete(key);
    await rm(path, { force: true });
  }

  /** Whether it was done before the process ends. */
  async #retried(work: () => Promise<void>, onFailure: (error: unknown) => void): Promise<boolean> {
    try {
      await retry(work, { ...RETRY_DELAYS, onFailure, signal: this.#closing.signal });
      return true;
    } catch {
      return false;
    }
  }
}
