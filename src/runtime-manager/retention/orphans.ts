import type { ObjectStorage, StoredObject } from '../storage/object-storage.ts';
import type { StorageStore } from '../storage/storage-store.ts';

/**
 * The folders that archives are stored in; each key is `<folder><id>/<random>.tar.zst`. Those of
 * `jobs` are there while one process works for another; some are `.json.zst`, and no row names any.
 */
export const ARCHIVE_FOLDERS = {
  profiles: 'profiles/',
  extensions: 'extensions/',
  jobs: 'jobs/',
  files: 'files/',
} as const;

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const ARCHIVE = keysIn(...Object.values(ARCHIVE_FOLDERS));
/** How many keys the database is asked about at once. */
const PAGE = 500;

/** Matches the keys of archives in some folders, and nothing else. */
export function keysIn(...folders: string[]): RegExp {
  return new RegExp(`^(?:${folders.join('|')})${UUID}/${UUID}\\.(?:tar|json)\\.zst$`);
}

/** All archives that services store, and nothing that others may have put beside them. */
export async function* listArchives(storage: ObjectStorage): AsyncGenerator<StoredObject> {
  for (const folder of Object.values(ARCHIVE_FOLDERS)) {
    for await (const object of storage.list(folder)) if (ARCHIVE.test(object.key)) yield object;
  }
}

/**
 * Goes through the archives in a storage, a page at a time, and finds those from before a date that
 * no row names. Looks at every object; holds one page.
 */
export async function* findOrphans(
  storage: ObjectStorage,
  store: Pick<StorageStore, 'namedKeys'>,
  before: Date,
): AsyncGenerator<{ examined: number; orphans: StoredObject[] }> {
  let page: StoredObject[] = [];
  const look = async () => {
    const old = page.filter(({ modifiedAt }) => modifiedAt < before);
    const named = old.length > 0 ? await store.namedKeys(old.map(({ key }) => key)) : new Set();
    return { examined: page.length, orphans: old.filter(({ key }) => !named.has(key)) };
  };
  for await (const object of listArchives(storage)) {
    page.push(object);
    if (page.length < PAGE) continue;
    yield await look();
    page = [];
  }
  yield await look();
}
