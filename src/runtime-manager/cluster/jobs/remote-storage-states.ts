import type { StorageStates } from '../../machine/profiles/storage-states.ts';
import type { Archive } from '../../profiles/profile.ts';
import type { GivenStorageState, StorageState } from '../../profiles/storage-state.ts';
import type { JobClient } from './job-client.ts';
import { putJson } from './job-objects.ts';
import { JOBS } from './messages.ts';

/** Has storage states converted by a node. Each method throws `service.unavailable` besides. */
export class RemoteStorageStates implements StorageStates {
  readonly #jobs: JobClient;

  constructor(jobs: JobClient) {
    this.#jobs = jobs;
  }

  toStorageState({ key, sizeBytes, sha256 }: Archive): Promise<StorageState> {
    return this.#jobs.ask(JOBS.toStorageState, { archive: { key, sizeBytes, sha256 } });
  }

  /** After `service.unavailable` there may be an archive that no record names, as after a crash. */
  async fromStorageState(profileId: string, given: GivenStorageState): Promise<Archive> {
    await using object = this.#jobs.openObject('json');
    const state = await putJson(this.#jobs.storage, object.key, given);
    return await this.#jobs.ask(JOBS.fromStorageState, { profileId, state });
  }
}
