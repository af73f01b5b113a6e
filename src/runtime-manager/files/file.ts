/** Where the content of a file comes from. */
export const FILE_SOURCES = ['download', 'upload', 'export', 'recording'] as const;
export type FileSource = (typeof FILE_SOURCES)[number];

/** The content of an `arriving` file is still on its way, and a `failed` one has none. */
export const FILE_STATES = ['arriving', 'stored', 'failed'] as const;
export type FileState = (typeof FILE_STATES)[number];

export const FILE_FAILURE_CODES = [
  'download.canceled',
  'download.cut_off',
  'file.too_large',
  'storage.quota_exceeded',
  'storage.failed',
] as const;
export type FileFailure = (typeof FILE_FAILURE_CODES)[number];

/** Why the content of a file did not arrive, in a sentence each. */
export const FILE_FAILURES: Readonly<Record<FileFailure, string>> = {
  'download.canceled': 'The page, a client or Chromium gave the download up.',
  'download.cut_off': 'The runtime ended before the download was complete.',
  'file.too_large': 'The file is larger than files may be.',
  'storage.quota_exceeded': 'The organization has no room for the file.',
  'storage.failed': 'The service could not store the content.',
};

/** A place for files that workspaces share. */
export interface StorageNamespace {
  id: string;
  organizationId: string;
  name: string;
  createdAt: Date;
}

/** A file as it is recorded. It is in a namespace, or kept by a runtime until the runtime's record goes. */
export interface StoredFile {
  id: string;
  organizationId: string;
  namespaceId: string | undefined;
  /** The runtime that it came from. */
  runtimeId: string | undefined;
  /** Folders and a name, with slashes between. */
  path: string;
  source: FileSource;
  state: FileState;
  sizeBytes: number;
  contentType: string;
  /** In hexadecimal; undefined until the content is there, as is the key. */
  sha256: string | undefined;
  /** Of the object that has the content. */
  key: string | undefined;
  /** Where a download came from, without a query. */
  url: string | undefined;
  failure: FileFailure | undefined;
  createdAt: Date;
  storedAt: Date | undefined;
}

/** Content that is in the object storage. */
export interface StoredContent {
  key: string;
  sizeBytes: number;
  sha256: string;
}

/** A file with its content, for a namespace. */
export interface NewFile extends StoredContent {
  id: string;
  organizationId: string;
  namespaceId: string;
  runtimeId?: string | undefined;
  path: string;
  source: FileSource;
  contentType: string;
}

/** A file that comes from a runtime: a download, or what a step makes. */
export interface NewDownload {
  id: string;
  organizationId: string;
  runtimeId: string;
  /** The node that has the browser. */
  nodeId: string;
  /** What people will see as its name. */
  path: string;
  contentType: string;
  url: string | undefined;
  /** Undefined: a download. */
  source?: 'export';
}
