import { batch, signal } from '@preact/signals';
import type { RecordingManifest } from './contract.ts';
import { merge } from './merge.ts';

const POLL_MS = 5000;
const FIRST_DELAY_MS = 500;
const LAST_DELAY_MS = 10_000;

const INVALID_LINK = 'This link is not valid any more. Ask whoever gave it to you for a new one.';
const EXPIRED = 'This recording was deleted after its retention period.';
/** Answers that stay as they are. */
const REFUSALS: Partial<Record<number, string>> = {
  401: INVALID_LINK,
  403: INVALID_LINK,
  404: 'There is no such recording any more.',
  410: EXPIRED,
};

export type SourceState =
  | { name: 'loading' | 'loaded' | 'retrying' }
  /** For good, with the reason in a sentence. */
  | { name: 'failed'; sentence: string };

/** Loads what is known of a recording, and what is added while more may come. */
export class Source {
  readonly state = signal<SourceState>({ name: 'loading' });
  readonly manifest = signal<RecordingManifest | undefined>(undefined);
  readonly #url: URL;
  readonly #token: string;
  #delayMs = FIRST_DELAY_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Aborted when its answer is of no interest any more. */
  #loading = new AbortController();

  /** `url` is the manifest's. */
  constructor(url: URL, token: string) {
    this.#url = url;
    this.#token = token;
    const now = () => {
      if (this.#timer !== undefined && !document.hidden) void this.#load(this.#next);
    };
    window.addEventListener('online', now);
    document.addEventListener('visibilitychange', now);
  }

  /** Loads all of it, also when it is known: the addresses of parts are good for an hour. */
  async load(): Promise<void> {
    await this.#load(undefined);
  }

  get #next(): string | undefined {
    return this.manifest.peek()?.next;
  }

  async #load(after: string | undefined): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#loading.abort();
    const { signal: gone } = (this.#loading = new AbortController());
    try {
      const answer = await this.#ask(after, gone);
      if (gone.aborted) return;
      if (typeof answer === 'string') this.state.value = { name: 'failed', sentence: answer };
      else await this.#take(answer, after);
    } catch {
      if (gone.aborted) return;
      this.state.value = { name: 'retrying' };
      this.#later(this.#delayMs, after);
      this.#delayMs = Math.min(this.#delayMs * 2, LAST_DELAY_MS);
    }
  }

  /** The answer, or why there will be none. */
  async #ask(after: string | undefined, gone: AbortSignal): Promise<RecordingManifest | string> {
    const url = new URL(this.#url);
    if (after !== undefined) url.searchParams.set('after', after);
    const headers = new Headers();
    try {
      headers.set('authorization', `Bearer ${this.#token}`);
    } catch {
      // The token has characters that none has.
      return INVALID_LINK;
    }
    const response = await fetch(url, { headers, cache: 'no-store', signal: gone });
    const refusal = REFUSALS[response.status];
    if (refusal !== undefined) return refusal;
    if (!response.ok) throw new Error(`answered ${response.status}`);
    const manifest: RecordingManifest = await response.json();
    return manifest.status === 'expired' ? EXPIRED : manifest;
  }

  async #take(answer: RecordingManifest, after: string | undefined): Promise<void> {
    this.#delayMs = FIRST_DELAY_MS;
    const known = this.manifest.peek();
    // What was many parts is one for each tab.
    if (after !== undefined && answer.status === 'ready') return this.#load(undefined);
    batch(() => {
      this.manifest.value = known && after !== undefined ? merge(known, answer) : answer;
      this.state.value = { name: 'loaded' };
    });
    if (answer.isRunning || answer.status === 'encoding') this.#later(POLL_MS, answer.next);
  }

  #later(delayMs: number, after: string | undefined): void {
    this.#timer = setTimeout(() => void this.#load(after), delayMs);
  }
}
