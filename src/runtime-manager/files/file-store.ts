import type { Page, PageRequest, RuntimeLife } from '../runtime/runtime.ts';
import type {
  FileFailure,
  NewDownload,
  NewFile,
  StorageNamespace,
  StoredContent,
  StoredFile,
} from './file.ts';

/** Whose namespaces: those that one of these workspaces mounts, or all of the organization. */
export interface NamespaceScope {
  organizationId: string;
  workspaceIds: readonly string[] | undefined;
}

export interface StorageUsage {
  usedBytes: number;
  /** Undefined: the organization has none of its own. */
  ownLimitBytes: number | undefined;
}

/** What all organizations have together, and may have. */
export interface StorageTotals {
  usedBytes: number;
  limitBytes: number;
}

/** Which files of a namespace are asked for, in the order of their paths' bytes. */
export interface FileRange {
  /** What their paths begin with. */
  prefix: string;
  /** The path, or the folder with its slash, that was listed last. */
  after: string | undefined;
  limit: number;
}

/** A file, or a folder with its slash that files are in. */
export type FileEntry = { file: StoredFile } | { folder: string };

/** Something that nobody keeps any more. */
export interface UnkeptFile {
  id: string;
  key: string | undefined;
}

/** What the core needs of a database for files; another organization's files do not exist. */
export interface FileStore {
  /** Undefined when the name is taken. */
  insertNamespace(organizationId: string, name: string): Promise<StorageNamespace | undefined>;
  /** The namespace of a name, which is made when there is none. */
  ensureNamespace(organizationId: string, name: string): Promise<StorageNamespace>;
  /** By an id or a name. */
  findNamespace(scope: NamespaceScope, ref: string): Promise<StorageNamespace | undefined>;
  /** Newest first. */
  listNamespaces(scope: NamespaceScope, page: PageRequest): Promise<Page<StorageNamespace>>;
  removeNamespace(organizationId: string, id: string): Promise<'removed' | 'absent' | 'not_empty'>;
  usage(organizationId: string): Promise<StorageUsage>;
  /** Costs as much as there are organizations; one without a limit of its own may have `mostBytes`. */
  totals(mostBytes: number): Promise<StorageTotals>;

  /**
   * Records a file, in place of one with its path when `isReplacing`. An organization without a limit
   * of its own may have `mostBytes`.
   */
  insert(
    file: NewFile,
    how: { isReplacing: boolean; mostBytes: number },
  ): Promise<StoredFile | 'no_namespace' | 'path_in_use' | 'quota_exceeded'>;
  /** In a namespace, or of a runtime; one that nobody keeps is not there. */
  find(organizationId: string, id: string): Promise<StoredFile | undefined>;
  findByPath(namespaceId: string, path: string): Promise<StoredFile | undefined>;
  list(namespaceId: string, range: FileRange): Promise<StoredFile[]>;
  /** The files directly in the folder that `prefix` names, and the folders in it. */
  listFolder(namespaceId: string, range: FileRange): Promise<FileEntry[]>;
  /** All that came from a runtime, newest first. */
  listOfRuntime(
    organizationId: string,
    runtimeId: string,
    page: PageRequest,
  ): Promise<Page<StoredFile>>;
  /** The newest stored file that came from a runtime and has this id or path. */
  findOfRuntime(
    life: Pick<RuntimeLife, 'organizationId' | 'id'>,
    reference: string,
  ): Promise<{ path: string; key: string } | undefined>;
  move(
    organizationId: string,
    id: string,
    to: { namespaceId: string; path: string },
  ): Promise<StoredFile | 'absent' | 'no_namespace' | 'path_in_use'>;

  /** Records nothing when the runtime's record is gone, or when the download is recorded. */
  beginDownload(download: NewDownload): Promise<void>;
  /**
   * Records that a download is stored: in a namespace, where its path gets a number when it is taken,
   * or kept by its runtime, also when the namespace is gone. Undefined when it does not arrive any
   * more; content that is recorded already is answered again.
   */
  finishDownload(
    id: string,
    content: StoredContent & { contentType: string },
    to: { namespaceId: string | undefined; path: string; mostBytes: number },
  ): Promise<StoredFile | 'quota_exceeded' | undefined>;
  failDownload(id: string, failure: FileFailure): Promise<void>;
  /** Fails what was arriving on a node, whose process has ended. */
  failArriving(nodeId: string): Promise<void>;

  /** From then on nobody keeps the file. False when there is no such file, or it is still arriving. */
  remove(organizationId: string, id: string): Promise<boolean>;
  /** Removes up to `limit` files of a namespace, and resolves with how many. */
  removeAll(namespaceId: string, limit: number): Promise<number>;
  /** Files that nobody keeps, in the order of their ids, from behind one on. */
  listUnkept(limit: number, after?: string): Promise<UnkeptFile[]>;
  /** Forgets files that nobody keeps, whose content is gone. */
  forget(ids: readonly string[]): Promise<void>;
}
