import type { ExtensionTrial } from '../../extensions/extensions.ts';
import { packDirectory } from '../../storage/archive.ts';
import type { JobClient } from './job-client.ts';
import { JOBS } from './messages.ts';

/** Has extensions tried out by a node. */
export class RemoteTrials {
  readonly #jobs: JobClient;

  constructor(jobs: JobClient) {
    this.#jobs = jobs;
  }

  /** Throws as `ExtensionTrials.tryOut`, and `service.unavailable`. */
  async tryOut(directory: string): Promise<ExtensionTrial> {
    await using object = this.#jobs.openObject('tar');
    const { key } = object;
    const { sha256 } = await packDirectory(directory, {}, (content) =>
      this.#jobs.storage.put(key, content),
    );
    return await this.#jobs.ask(JOBS.tryOut, { packed: { key, sha256 } });
  }
}
