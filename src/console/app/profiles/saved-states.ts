import { signal } from '@preact/signals';
import { call } from '../api.ts';
import type { Profile } from '../contract.ts';
import type { Version, Versions } from './contract.ts';

const AT_ONCE = 4;

/** What is saved of the profiles whose rows are in view: their list does not tell. */
export class SavedStates {
  readonly found = signal<ReadonlyMap<string, Version[]>>(new Map());
  readonly #closing = new AbortController();
  readonly #profiles = new Map<Element, Profile>();
  readonly #waiting: Profile[] = [];
  #working = 0;
  readonly #observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const profile = isIntersecting ? this.#profiles.get(target) : undefined;
      if (profile) this.#waiting.push(profile);
    }
    while (this.#working < Math.min(AT_ONCE, this.#waiting.length)) void this.#work();
  });

  /** Loads the versions of a profile once its row is in view. */
  observe(row: Element, profile: Profile): () => void {
    this.#profiles.set(row, profile);
    this.#observer.observe(row);
    return () => {
      this.#observer.unobserve(row);
      this.#profiles.delete(row);
    };
  }

  close(): void {
    this.#closing.abort();
    this.#observer.disconnect();
  }

  async #work(): Promise<void> {
    this.#working += 1;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      await this.#load(next);
    }
    this.#working -= 1;
  }

  async #load({ id }: Profile): Promise<void> {
    const path = `/v1/browser-profiles/${id}/versions`;
    try {
      const { signal: gone } = this.#closing;
      const { versions } = await call<Versions>('GET', path, { signal: gone });
      this.found.value = new Map(this.found.value).set(id, versions);
    } catch {
      // Its row says nothing of it then, and its page says why.
    }
  }
}
