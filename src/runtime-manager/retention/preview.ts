import type { KeptRecords, RetentionStore } from './retention-store.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { findOrphans } from './orphans.ts';
import type { StorageOwner } from '../storage/storage-owner.ts';
import { type STORAGE_STATES } from '../storage/storage-store.ts';
import type { StorageStore } from '../storage/storage-store.ts';

/** How far records are counted, and how many objects are looked at. */
const MOST = 10_000;
const KEYS_SHOWN = 20;

/** What is old enough to be removed now; each number is 10,000 at most. */
export interface RetentionPreview {
  /** Runtimes that are over for longer than they are kept. */
  runtimes: number;
  /** Events that are older than they are kept. */
  events: number;
  storage: StoragePreview;
}

export interface StoragePreview {
  /** Who owns the storage: objects are removed only from one that is `ours`. */
  state: (typeof STORAGE_STATES)[number];
  /** How many objects were looked at. */
  examined: number;
  /** Whether these are all objects. */
  isComplete: boolean;
  /** How many objects that no row names are older than the grace period. */
  orphans: number;
  orphanBytes: number;
  /** The keys of the first orphans. */
  orphanKeys: string[];
}

export interface PreviewOptions {
  keep: KeptRecords;
  graceMs: number;
  records: Pick<RetentionStore, 'countRuntimes' | 'countEvents'>;
  storage: ObjectStorage;
  storageStore: StorageStore;
  owner: Pick<StorageOwner, 'look'>;
}

/** Changes nothing. */
export async function previewRetention(options: PreviewOptions): Promise<RetentionPreview> {
  const { keep, records } = options;
  return {
    runtimes: keep.runtimesMs === 0 ? 0 : await records.countRuntimes(keep.runtimesMs, MOST),
    events: await records.countEvents(keep.events.ageMs, MOST),
    storage: await previewStorage(options),
  };
}

async function previewStorage({
  owner,
  storage,
  storageStore,
  graceMs,
}: PreviewOptions): Promise<StoragePreview> {
  const found = { examined: 0, isComplete: true, orphans: 0, orphanBytes: 0, orphanKeys: [] };
  const preview: StoragePreview = { state: 'unreachable', ...found };
  try {
    const state = await owner.look();
    const before = new Date(Date.now() - graceMs);
    for await (const { examined, orphans } of findOrphans(storage, storageStore, before)) {
      preview.examined += examined;
      preview.orphans += orphans.length;
      for (const { sizeBytes } of orphans) preview.orphanBytes += sizeBytes;
      const keys = orphans.map(({ key }) => key);
      preview.orphanKeys = [...preview.orphanKeys, ...keys].slice(0, KEYS_SHOWN);
      preview.isComplete = preview.examined < MOST;
      if (!preview.isComplete) break;
    }
    return { ...preview, state };
  } catch {
    return { ...preview, isComplete: false };
  }
}
