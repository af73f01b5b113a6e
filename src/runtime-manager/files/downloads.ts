import { RuntimeError } from '../errors.ts';
import type { Attached, Companion, Run } from '../companion.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { downloadProgress, stageFile } from './download-verbs.ts';
import { RunDownloads, type RunDownloadsOptions } from './run-downloads.ts';

export interface DownloadsOptions extends RunDownloadsOptions {
  storage: Pick<ObjectStorage, 'get'>;
  /** How much a browser may keep on disk. */
  diskBytes: number;
}

/** Keeps what browsers download, and gives them files for their pages. */
export class DownloadFiles implements Companion {
  readonly name = 'files';
  readonly #options: DownloadsOptions;

  constructor(options: DownloadsOptions) {
    this.#options = options;
  }

  async attach(run: Run): Promise<Attached> {
    const downloads = new RunDownloads(this.#options, run);
    const following = run.browser.downloads.follow(downloads);
    const given = new GivenFiles(this.#options, run);
    return {
      call: async (verb, message, signal) => {
        if (`files.${verb}` === downloadProgress.name) return downloads.progress;
        if (`files.${verb}` === stageFile.name) return given.add(message, signal);
        throw new RuntimeError('runtime.not_active', 'The runtime does not support this.');
      },
      [Symbol.asyncDispose]: async () => {
        following[Symbol.dispose]();
        await downloads.cutOff();
      },
    };
  }
}

/** The files that the pages of one run are given. */
class GivenFiles {
  readonly #options: DownloadsOptions;
  readonly #run: Run;
  #bytes = 0;

  constructor(options: DownloadsOptions, run: Run) {
    this.#options = options;
    this.#run = run;
  }

  async add(message: unknown, signal: AbortSignal): Promise<{ path: string }> {
    const { key, name, sizeBytes } = stageFile.message.parse(message);
    const { browser, signal: ending } = this.#run;
    const { storage, diskBytes } = this.#options;
    // A browser that keeps more is ended, and nobody would know why.
    if (this.#bytes + sizeBytes > diskBytes) throw diskFull(diskBytes);
    this.#bytes += sizeBytes;
    try {
      const open = () => storage.get(key);
      const path = await browser.uploads.add({ name, open }, AbortSignal.any([signal, ending]));
      return { path };
    } catch (error) {
      this.#bytes -= sizeBytes;
      if (ending.aborted) {
        throw new RuntimeError('runtime.not_active', 'The runtime has ended in the meantime.');
      }
      if (signal.aborted) {
        throw new RuntimeError(
          'service.unavailable',
          'The client that requested the file disconnected.',
        );
      }
      throw error;
    }
  }
}

function diskFull(limitBytes: number): RuntimeError {
  const message = `All files that a runtime is given have at most ${limitBytes} bytes together.`;
  return new RuntimeError('file.too_large', message, { details: { limitBytes } });
}
