import type { FileFailure, FileSource } from './file.ts';

/** Counts what is stored. */
export interface FileMetrics {
  stored(source: FileSource, bytes: number): void;
  /** Counts a download that is over. */
  download(outcome: 'stored' | FileFailure): void;
}
