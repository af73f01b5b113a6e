import type { Logger } from 'pino';
import type { Db } from '../db/client.ts';
import { createFileRecords } from '../db/queries/file-checks.ts';
import { createRetentionStore } from '../db/queries/retention.ts';
import { createStorageStore } from '../db/queries/storages.ts';
import {
  openStorage,
  openStorageBeside,
  OrphanSweep,
  OwnedStorage,
  Retention,
  StorageOwner,
  type FileCheckOptions,
  type ObjectStorage,
  type PreviewOptions,
} from '../runtime-manager/index.ts';
import { archiveDir, type Config } from './config/config.ts';

/** Opens the storage of archives, and removes from it and from the database what is too old. */
export async function openRetention(config: Config, db: Db, nodeId: string, log: Logger) {
  await using stack = new AsyncDisposableStack();
  const preview = previewOf(config, db, await openStorage(config.s3, archiveDir(config)));
  const { storage, storageStore: store, owner, graceMs, records, keep } = preview;
  stack.use(new OrphanSweep({ storage, owner, store, graceMs, log })).start();
  stack.use(new Retention({ nodeId, store: records, keep, log }));
  const owned = stack.move();
  return {
    storage: new OwnedStorage(storage, owner),
    preview,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Opens what a preview of removals needs, beside a service or without one. */
export async function openPreview(config: Config, db: Db) {
  return previewOf(config, db, await openStorageBeside(config.s3, archiveDir(config)));
}

function previewOf(config: Config, db: Db, storage: ObjectStorage) {
  const storageStore = createStorageStore(db);
  return {
    keep: config.keep,
    graceMs: config.orphanGraceMs,
    records: createRetentionStore(db),
    fileRecords: createFileRecords(db),
    storage,
    storageStore,
    owner: new StorageOwner(storage, storageStore),
  } satisfies PreviewOptions & FileCheckOptions;
}
