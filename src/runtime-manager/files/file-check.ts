import type { ObjectStorage } from '../storage/object-storage.ts';

/** How many files are compared with their content: the storage is asked once for each. */
const MOST = 1000;
const AT_ONCE = 20;
/** How many files are added up. */
const MOST_ADDED = 100_000;
const SHOWN = 20;

/** A file as it is recorded to be stored. */
export interface RecordedFile {
  id: string;
  organizationId: string;
  key: string;
  sizeBytes: number;
}

/** An organization whose number of bytes is not that of its files. */
export interface WrongBytes {
  organizationId: string;
  countedBytes: number;
  storedBytes: number;
}

/** What a check needs of a database. */
export interface FileRecords {
  /** Stored files that somebody keeps. */
  listStored(limit: number): Promise<RecordedFile[]>;
  /** Which of these are stored and kept. */
  listKept(ids: readonly string[]): Promise<Set<string>>;
  /** Undefined where there are more than `mostFiles`, which would take long to add up. */
  findWrongBytes(mostFiles: number): Promise<WrongBytes[] | undefined>;
  /** Has every organization's number be that of its files. */
  correctBytes(): Promise<void>;
}

/** A file whose content is not there, or has another size. */
export interface WrongContent extends RecordedFile {
  /** Undefined: there is none. */
  foundBytes: number | undefined;
}

export interface FileCheck {
  /** How many files were compared with their content. */
  examined: number;
  /** Whether these are all files, and their bytes were added up. */
  isComplete: boolean;
  /** How many of them have wrong content. */
  wrong: number;
  /** The first of those. */
  wrongContents: WrongContent[];
  wrongBytes: WrongBytes[];
}

export interface FileCheckOptions {
  fileRecords: FileRecords;
  storage: Pick<ObjectStorage, 'size'>;
}

/** Compares what is recorded of files with what there is, as far as that does not take long. */
export async function checkFiles({ fileRecords, storage }: FileCheckOptions): Promise<FileCheck> {
  const added = await fileRecords.findWrongBytes(MOST_ADDED);
  const bytes = { wrongBytes: added?.slice(0, SHOWN) ?? [] };
  const none = { ...bytes, examined: 0, isComplete: false, wrong: 0, wrongContents: [] };
  const recorded = await fileRecords.listStored(MOST);
  const sizes = await sizesOf(recorded, storage).catch(() => undefined);
  if (!sizes) return none;
  const differing = recorded
    .map((file, nth): WrongContent => ({ ...file, foundBytes: sizes[nth] }))
    .filter(({ sizeBytes, foundBytes }) => foundBytes !== sizeBytes);
  // Others may have been removed meanwhile.
  const kept = await fileRecords.listKept(differing.map(({ id }) => id));
  const wrong = differing.filter(({ id }) => kept.has(id));
  return {
    ...bytes,
    examined: recorded.length,
    isComplete: recorded.length < MOST && added !== undefined,
    wrong: wrong.length,
    wrongContents: wrong.slice(0, SHOWN),
  };
}

/** Rejects when the storage does not answer. */
async function sizesOf(
  recorded: readonly RecordedFile[],
  storage: Pick<ObjectStorage, 'size'>,
): Promise<(number | undefined)[]> {
  const sizes: (number | undefined)[] = [];
  for (let from = 0; from < recorded.length; from += AT_ONCE) {
    const some = recorded.slice(from, from + AT_ONCE);
    sizes.push(...(await Promise.all(some.map(({ key }) => storage.size(key)))));
  }
  return sizes;
}
