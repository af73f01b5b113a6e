import type { ObjectStorage, StoredObject } from '../storage/object-storage.ts';
import type { StorageStore } from '../storage/storage-store.ts';

/**
 * The folders that objects are stored in. The keys of archives are `<folder><id>/<random>.tar.zst`.
 * Those of `jobs` are there while one process works for another; some are `.json.zst`, and no row
 * names any. The keys of `files` are `files/<organization id>/<random>`: their content is stored as
 * it came, so that parts of it can be read. Those of `recordings` are `recordings/<recording's id>/<random>.mp4`.
 */
export const OBJECT_FOLDERS = {
  profiles: 'profiles/',
  extensions: 'extensions/',
  jobs: 'jobs/',
  files: 'files/',
  recordings: 'recordings/',
} as const;
type ObjectFolder = (typeof OBJECT_FOLDERS)[keyof typeof OBJECT_FOLDERS];

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const ARCHIVE_SUFFIX = '\\.(?:tar|json)\\.zst';
const SUFFIXES = {
  [OBJECT_FOLDERS.profiles]: ARCHIVE_SUFFIX,
  [OBJECT_FOLDERS.extensions]: ARCHIVE_SUFFIX,
  [OBJECT_FOLDERS.jobs]: ARCHIVE_SUFFIX,
  [OBJECT_FOLDERS.files]: '',
  [OBJECT_FOLDERS.recordings]: '\\.mp4',
};
const OBJECT = keysIn(...Object.values(OBJECT_FOLDERS));
/** How many keys the database is asked about at once. */
const PAGE = 500;

/** Matches the keys of objects in some folders, and nothing else. */
export function keysIn(...folders: ObjectFolder[]): RegExp {
  const keys = folders.map((folder) => {
    return `${folder}${UUID}/${UUID}${SUFFIXES[folder]}`;
  });
  return new RegExp(`^(?:${keys.join('|')})$`);
}

/** All objects that services store, and nothing that others may have put beside them. */
export async function* listObjects(storage: ObjectStorage): AsyncGenerator<StoredObject> {
  for (const folder of Object.values(OBJECT_FOLDERS)) {
    for await (const object of storage.list(folder)) if (OBJECT.test(object.key)) yield object;
  }
}

/**
 * Goes through the objects in a storage, a page at a time, and finds those from before a date that
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
  for await (const object of listObjects(storage)) {
    page.push(object);
    if (page.length < PAGE) continue;
    yield await look();
    page = [];
  }
  yield await look();
}
