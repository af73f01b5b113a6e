import { signal } from '@preact/signals';
import { pagesOf } from '../api.ts';
import type { Runtime, RuntimeEvent } from '../contract.ts';
import { EventStream } from '../event-stream.ts';

/** Events that come together are looked after together. */
const GATHER_MS = 300;

interface Page {
  runtimes: Runtime[];
  nextCursor?: string;
}

/** Which runtimes have a profile open. */
export class Holders {
  /** By the ids of the profiles. */
  readonly found = signal<ReadonlyMap<string, Runtime[]>>(new Map());
  readonly stream: EventStream;
  readonly #onChange: () => void;
  #loading = new AbortController();
  #gathering: ReturnType<typeof setTimeout> | undefined;

  /** `onChange`: a runtime began or ended, so that a profile may have been saved. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
    this.stream = new EventStream('/v1/events/stream', (event) => this.#onEvent(event));
    void this.#load();
  }

  close(): void {
    this.stream.close();
    this.#loading.abort();
    clearTimeout(this.#gathering);
  }

  async #load(): Promise<void> {
    this.#loading.abort();
    const { signal: gone } = (this.#loading = new AbortController());
    const found = new Map<string, Runtime[]>();
    try {
      for await (const { runtimes } of pagesOf<Page>('/v1/runtimes?status=active', {
        signal: gone,
      })) {
        for (const runtime of runtimes) {
          const profileId = runtime.summary?.profileId;
          if (profileId) found.set(profileId, [...(found.get(profileId) ?? []), runtime]);
        }
      }
      this.found.value = found;
    } catch {
      // The key may not see runtimes, or the next event has them.
    }
  }

  #onEvent({ type }: RuntimeEvent): void {
    if (!/^runtime\.(?:created|launched|stopped|failed|expired)$/.test(type)) return;
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      void this.#load();
      this.#onChange();
    }, GATHER_MS);
  }
}
