import { RuntimeError } from '../errors.ts';
import type { Attached, Companion, Run } from '../companion.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { downloadProgress, stageFile } from './download-verbs.ts';
import { RunDownloads, type RunDownloadsOptions } from './run-downloads.ts';

export interface DownloadsOptions extends RunDownloadsOptions {
  storage: Pick<ObjectStorage, 'get'>;
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
    return {
      call: async (verb, message, signal) => {
        if (`files.${verb}` === downloadProgress.name) return downloads.progress;
        if (`files.${verb}` === stageFile.name) return this.#stage(run, message, signal);
        throw new RuntimeError('runtime.not_active', 'The runtime does not know how to do this.');
      },
      [Symbol.asyncDispose]: async () => {
        following[Symbol.dispose]();
        await downloads.cutOff();
      },
    };
  }

  async #stage({ browser, signal: ending }: Run, message: unknown, signal: AbortSignal) {
    const { key, name } = stageFile.message.parse(message);
    const open = () => this.#options.storage.get(key);
    const until = AbortSignal.any([signal, ending]);
    const path = await browser.uploads.add({ name, open }, until);
    return { path };
  }
}
