import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { RuntimeError } from '../errors.ts';
import type { ObjectStorage } from './object-storage.ts';
import { listObjects } from '../retention/orphans.ts';
import type { StorageClaim, StorageStore, Ownership } from './storage-store.ts';

const FOLDER = 'owner/';
export const MARKER_KEY = `${FOLDER}database.json`;
/** In a storage without a marker, the database has to name one of so many objects. */
const SAMPLE = 1000;

const Marker = z.object({ databaseId: z.string(), storageId: z.uuid(), sweepId: z.uuid() });
type Marker = z.infer<typeof Marker>;

/** Tells by a marker whether a storage belongs to a database. Nothing is removed from any other storage. */
export class StorageOwner {
  readonly #storage: ObjectStorage;
  readonly #store: StorageStore;

  constructor(storage: ObjectStorage, store: StorageStore) {
    this.#storage = storage;
    this.#store = store;
  }

  /** Changes nothing. */
  async look(): Promise<Ownership> {
    const marker = await this.#read();
    if (marker === 'none') return (await this.#mayBeOurs()) ? 'unclaimed' : 'foreign';
    return marker !== 'unreadable' && (await this.#wrote(marker)) ? 'ours' : 'foreign';
  }

  /** Puts our marker into a storage that is nobody's and may be ours. */
  async claim(): Promise<Ownership> {
    const ownership = await this.look();
    if (ownership !== 'unclaimed') return ownership;
    const claim = await this.#store.insert();
    if (await this.#storage.create(MARKER_KEY, await this.#markerOf(claim))) return 'ours';
    await this.#store.remove(claim.storageId);
    return this.look();
  }

  /** Puts our marker into a storage, whoever owned it before. */
  async adopt(): Promise<void> {
    await this.#write(await this.#store.insert());
  }

  /**
   * Puts a new marker into a storage that is ours, when a sweep is due. `at` is the present by the
   * clock of the storage; `isStill` tells whether that marker is still there.
   */
  async beginSweep(times: {
    everyMs: number;
    graceMs: number;
  }): Promise<{ at: Date; isSettled: boolean; isStill: () => Promise<boolean> } | undefined> {
    const marker = await this.#read();
    if (typeof marker === 'string' || !(await this.#isOfThisDatabase(marker))) return undefined;
    const begun = await this.#store.beginSweep(marker, times);
    if (!begun) return undefined;
    const { sweepId, isSettled } = begun;
    await this.#write({ storageId: marker.storageId, sweepId });
    const isStill = async () => {
      const found = await this.#read();
      return typeof found !== 'string' && found.sweepId === sweepId;
    };
    for await (const { key, modifiedAt } of this.#storage.list(FOLDER)) {
      if (key === MARKER_KEY) return { at: modifiedAt, isSettled, isStill };
    }
    throw new Error('the marker that was written into the storage is not there');
  }

  async #wrote(marker: Marker): Promise<boolean> {
    return (await this.#isOfThisDatabase(marker)) && (await this.#store.isOurs(marker));
  }

  async #isOfThisDatabase({ databaseId }: Marker): Promise<boolean> {
    return databaseId === (await this.#store.databaseId());
  }

  /**
   * An empty storage is anybody's. Keys are random, so a database that names one has used the
   * storage before.
   */
  async #mayBeOurs(): Promise<boolean> {
    const keys: string[] = [];
    for await (const { key } of listObjects(this.#storage)) {
      if (keys.push(key) === SAMPLE) break;
    }
    return keys.length === 0 || (await this.#store.namedKeys(keys)).size > 0;
  }

  async #read(): Promise<Marker | 'none' | 'unreadable'> {
    try {
      const parsed = Marker.safeParse(JSON.parse(await text(await this.#storage.get(MARKER_KEY))));
      return parsed.success ? parsed.data : 'unreadable';
    } catch (error) {
      if (error instanceof SyntaxError) return 'unreadable';
      if (error instanceof RuntimeError && error.code === 'storage.object_missing') return 'none';
      throw error;
    }
  }

  async #write(claim: StorageClaim): Promise<void> {
    await this.#storage.put(MARKER_KEY, Readable.from([await this.#markerOf(claim)]));
  }

  async #markerOf(claim: StorageClaim): Promise<string> {
    const marker: Marker = { databaseId: await this.#store.databaseId(), ...claim };
    return JSON.stringify(marker);
  }
}
