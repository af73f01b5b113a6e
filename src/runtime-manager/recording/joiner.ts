import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Logger } from 'pino';
import { OBJECT_FOLDERS } from '../retention/orphans.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { every } from '../timing/every.ts';
import { Turns } from '../timing/turns.ts';
import { joinParts } from './join/join-parts.ts';
import type { NewRecordingPart, Recording, RecordingPart } from './recording.ts';
import type { RecordingStore } from './recording-store.ts';

const INTERVAL_MS = 10_000;
/** When another process joins what one that was killed was joining. */
const CLAIM_MS = 60_000;
const HOLD_MS = 15_000;
/** Until what failed is tried again. */
const RETRY_MS = 10_000;
/** A recording of a day has thousands of parts. */
const LOADED_AT_ONCE = 4;
/** What fails as often stays in its parts, which can be played too. */
const ATTEMPTS = 5;
/** How long after a life is over its recording is ended by another machine than its own. */
const ABANDONED_MS = 30_000;
const BATCH = 500;

export interface JoinerOptions {
  /** Where videos are joined: a folder of the joiner's own, which is emptied. */
  directory: string;
  store: Pick<
    RecordingStore,
    'claim' | 'hold' | 'finish' | 'listParts' | 'endAbandoned' | 'expire' | 'listDoomed'
  > &
    Pick<RecordingStore, 'listVariantKeys' | 'forgetParts' | 'forget'>;
  storage: Pick<ObjectStorage, 'get' | 'put' | 'delete'>;
  /** How long recordings are kept. */
  keepMs: number;
  log: Logger;
}

/**
 * Makes one video of each tab of a recording that has ended, and removes recordings that are kept no
 * longer. All processes with a node share the work; a claim in the database keeps two from doing the same. A
 * look costs what there is to do.
 */
export class Joiner implements AsyncDisposable {
  readonly #options: JoinerOptions;
  readonly #timer: Disposable & { soon: () => void };
  readonly #closing = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /** Removes what an earlier process was joining. */
  static async open(options: JoinerOptions): Promise<Joiner> {
    await rm(options.directory, { recursive: true, force: true });
    return new Joiner(options);
  }

  private constructor(options: JoinerOptions) {
    this.#options = options;
    this.#timer = every(
      INTERVAL_MS,
      () => this.run(),
      (err) => {
        if (!this.#closing.signal.aborted)
          options.log.warn({ err }, 'recordings are not joined for now');
      },
    );
  }

  /** There is something to be joined. */
  soon(): void {
    this.#timer.soon();
  }

  /** Resolves when nothing is left to be joined or removed. */
  run(): Promise<void> {
    this.#running = this.#run();
    return this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#timer[Symbol.dispose]();
    await this.#running.catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { store, keepMs } = this.#options;
    await store.endAbandoned(ABANDONED_MS);
    while (!this.#closing.signal.aborted && (await this.#joinOne()));
    while (!this.#closing.signal.aborted && (await store.expire(keepMs, BATCH)) === BATCH);
    await this.#removeDoomed();
  }

  /** Whether there was one. */
  async #joinOne(): Promise<boolean> {
    const { store, log } = this.#options;
    const claimed = await store.claim(CLAIM_MS);
    if (!claimed) return false;
    const { recording, attempts } = claimed;
    const { id } = recording;
    using _held = every(
      HOLD_MS,
      () => store.hold(id, CLAIM_MS),
      (err) => log.warn({ err }, 'the claim of a recording is not renewed for now'),
    );
    try {
      await this.#join(recording);
    } catch (err) {
      // Others may begin at once.
      if (this.#closing.signal.aborted) await store.hold(id, 0);
      else await this.#failed(id, attempts, err);
    }
    return true;
  }

  async #failed(recordingId: string, attempts: number, err: unknown): Promise<void> {
    const { store, log } = this.#options;
    log.error({ err, recordingId }, 'a recording could not be joined');
    if (attempts >= ATTEMPTS) await store.finish(recordingId, [], []);
    else await store.hold(recordingId, RETRY_MS);
  }

  async #join({ id }: Recording): Promise<void> {
    const { directory, store, storage } = this.#options;
    const parts = await this.#partsOf(id);
    const folder = join(directory, id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      const joined: NewRecordingPart[] = [];
      for (const ofTab of Map.groupBy(parts, ({ tabId }) => tabId).values()) {
        const video = await this.#joinTab(folder, id, ofTab);
        if (video) joined.push(video);
      }
      const replaced = parts.map(({ id: partId }) => partId);
      // What a crash leaves here is an orphan for the sweep.
      for (const key of await store.finish(id, joined, replaced)) await storage.delete(key);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #joinTab(
    folder: string,
    recordingId: string,
    given: RecordingPart[],
  ): Promise<NewRecordingPart | undefined> {
    const { storage } = this.#options;
    const parts = given.toSorted((a, b) => a.startMs - b.startMs);
    const [first] = parts;
    if (!first) return undefined;
    const turns = new Turns(LOADED_AT_ONCE);
    const { signal } = this.#closing;
    const load = async ({ id, key, startMs, endMs }: RecordingPart) => {
      signal.throwIfAborted();
      const path = join(folder, `${id}.mp4`);
      await pipeline(await storage.get(key), createWriteStream(path), { signal });
      return { path, startMs, endMs };
    };
    const files = await Promise.all(parts.map((part) => turns.take(() => load(part))));
    const path = join(folder, `${randomUUID()}.mp4`);
    const video = await joinParts(files, path, signal);
    for (const file of files) await rm(file.path);
    if (!video) return undefined;
    const { size: sizeBytes } = await stat(path);
    const key = `${OBJECT_FOLDERS.recordings}${recordingId}/${randomUUID()}.mp4`;
    await storage.put(key, createReadStream(path));
    const { tabId, startMs, width, height } = first;
    const endMs = Math.max(...parts.map((part) => part.endMs));
    return { tabId, startMs, endMs, width, height, sizeBytes, key };
  }

  async #partsOf(recordingId: string): Promise<RecordingPart[]> {
    const parts: RecordingPart[] = [];
    for (let after = '0', isEnd = false; !isEnd;) {
      const some = await this.#options.store.listParts(recordingId, { after, limit: BATCH });
      parts.push(...some);
      after = some.at(-1)?.id ?? after;
      isEnd = some.length < BATCH;
    }
    return parts;
  }

  async #removeDoomed(): Promise<void> {
    const { store } = this.#options;
    for (let isEnd = false; !isEnd && !this.#closing.signal.aborted;) {
      const doomed = await store.listDoomed(BATCH);
      for (const id of doomed) await this.#remove(id);
      isEnd = doomed.length < BATCH;
    }
  }

  /** The objects first, then the rows that name them. */
  async #remove(recordingId: string): Promise<void> {
    const { store, storage } = this.#options;
    for (let isEnd = false; !isEnd;) {
      const parts = await store.listParts(recordingId, { after: '0', limit: BATCH });
      const ids = parts.map(({ id }) => id);
      const keys = [...parts.map(({ key }) => key), ...(await store.listVariantKeys(ids))];
      await Promise.all(keys.map((key) => storage.delete(key)));
      await store.forgetParts(recordingId, ids);
      isEnd = parts.length < BATCH;
    }
    await store.forget(recordingId);
  }
}
