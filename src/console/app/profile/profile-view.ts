import { signal } from '@preact/signals';
import { call, CallError, sentenceOf } from '../api.ts';
import type { Profile } from '../contract.ts';
import type { Version, Versions } from '../profiles/contract.ts';
import { Holders } from '../profiles/holders.ts';

/** A profile as it is now, with what is saved of it. */
export class ProfileView {
  readonly profile = signal<Profile | undefined>(undefined);
  /** Newest first; undefined: not loaded yet. */
  readonly versions = signal<Version[] | undefined>(undefined);
  readonly error = signal('');
  readonly path: string;
  readonly holders: Holders;
  readonly #closing = new AbortController();

  constructor(id: string) {
    this.path = `/v1/browser-profiles/${encodeURIComponent(id)}`;
    this.holders = new Holders(() => void this.load());
    void this.load();
  }

  close(): void {
    this.holders.close();
    this.#closing.abort();
  }

  async load(): Promise<void> {
    const { signal: gone } = this.#closing;
    try {
      const [profile, { versions }] = await Promise.all([
        call<Profile>('GET', this.path, { signal: gone }),
        call<Versions>('GET', `${this.path}/versions`, { signal: gone }),
      ]);
      this.profile.value = profile;
      this.versions.value = versions;
      this.error.value = '';
    } catch (error) {
      if (gone.aborted) return;
      if (error instanceof CallError && error.status === 404) this.profile.value = undefined;
      this.error.value = sentenceOf(error);
    }
  }
}
