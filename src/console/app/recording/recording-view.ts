import { signal } from '@preact/signals';
import { call, CallError, sentenceOf } from '../api.ts';
import type { Recording } from '../contract.ts';
import { isUnsettled } from '../recording-words.ts';

/** No event tells when videos are joined. */
const REFRESH_MS = 3000;

/** A recording as it is now. */
export class RecordingView {
  readonly path: string;
  readonly recording = signal<Recording | undefined>(undefined);
  /** Why there is none; empty otherwise. */
  readonly error = signal('');
  readonly #refreshing: ReturnType<typeof setInterval>;

  constructor(id: string) {
    this.path = `/v1/recordings/${encodeURIComponent(id)}`;
    this.#refreshing = setInterval(() => {
      const recording = this.recording.value;
      if (recording && isUnsettled(recording) && !document.hidden) void this.#load();
    }, REFRESH_MS);
    void this.#load();
  }

  close(): void {
    clearInterval(this.#refreshing);
  }

  async #load(): Promise<void> {
    try {
      this.recording.value = await call<Recording>('GET', this.path);
      this.error.value = '';
    } catch (error) {
      const isGone = error instanceof CallError && error.status === 404;
      if (isGone) this.recording.value = undefined;
      // What is shown is better than nothing, as long as it exists.
      if (!this.recording.value) this.error.value = sentenceOf(error);
    }
  }
}
