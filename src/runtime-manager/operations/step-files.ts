import { randomUUID } from 'node:crypto';
import { toFileName } from '../browser/downloaded-files.ts';
import type { Run } from '../companion.ts';
import { RuntimeError } from '../errors.ts';
import type { DownloadKeeper } from '../files/download-keeper.ts';
import { FILE_FAILURES } from '../files/file.ts';
import type { FileMetrics } from '../files/file-metrics.ts';
import type { FileStore } from '../files/file-store.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { StepOutcome } from './outcome.ts';

export interface StepFilesOptions {
  nodeId: string;
  files: Pick<FileStore, 'beginDownload' | 'findOfRuntime'>;
  keeper: Pick<DownloadKeeper, 'keep'>;
  storage: Pick<ObjectStorage, 'get'>;
  metrics: Pick<FileMetrics, 'stored'>;
}

/** Files that steps of one run make, and files that they give to pages. */
export class StepFiles {
  readonly #options: StepFilesOptions;
  readonly #run: Run;

  constructor(options: StepFilesOptions, run: Run) {
    this.#options = options;
    this.#run = run;
  }

  /** Keeps a file as one of the runtime's. Throws the sentence why that is not possible. */
  async keep({ name: called, contentType, content }: NonNullable<StepOutcome['file']>) {
    const { nodeId, files, keeper, metrics } = this.#options;
    const { runtime } = this.#run;
    const { id: runtimeId, organizationId } = runtime;
    const [id, name] = [randomUUID(), toFileName(called)];
    const about = { id, organizationId, runtimeId, nodeId, path: name, url: undefined };
    const record = () => files.beginDownload({ ...about, contentType, source: 'export' });
    const kept = await keeper.keep({ id, begun: record(), record, runtime, name, content });
    if (typeof kept === 'string') throw new Error(FILE_FAILURES[kept]);
    metrics.stored('export', kept.sizeBytes);
    return { id, name, contentType: kept.contentType, sizeBytes: kept.sizeBytes };
  }

  /**
   * Gives the browser a file that the runtime has, by its id or name, and resolves with the path that
   * the browser knows it by. Throws `file.not_found`.
   */
  async give(reference: string, signal: AbortSignal): Promise<string> {
    const { files, storage } = this.#options;
    const { runtime, browser } = this.#run;
    const file = await files.findOfRuntime(runtime, reference);
    if (!file) {
      throw new RuntimeError('file.not_found', `The runtime has no file ${reference}.`);
    }
    const name = file.path.slice(file.path.lastIndexOf('/') + 1);
    return browser.uploads.add({ name, open: () => storage.get(file.key) }, signal);
  }
}
