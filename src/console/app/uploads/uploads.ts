import { signal } from '@preact/signals';
import { CallError, sentenceOf } from '../api.ts';
import type { Issue } from '../contract.ts';
import type { Sending } from '../upload.ts';

export interface Upload<T> {
  id: number;
  file: File;
  /** `works`: the service has all of it, and has not answered yet. */
  state: 'waits' | 'sends' | 'works' | 'done' | 'failed';
  sentBytes: number;
  /** What the service answered. */
  result?: T;
  /** Why it failed, in a sentence. */
  error?: string;
  /** The code of a refusal, as programs read it. */
  code?: string;
  /** What is wrong with the file, and where in it. */
  issues: Issue[];
}

/** Files that a person gave, on their way to the service, one after the other. */
export class Uploads<T> {
  /** The latest first. */
  readonly all = signal<Upload<T>[]>([]);
  readonly #send: (file: File, sending: Sending) => Promise<T>;
  readonly #stops = new Map<number, AbortController>();
  #last = 0;
  #isBusy = false;

  constructor(send: (file: File, sending: Sending) => Promise<T>) {
    this.#send = send;
  }

  add(files: File[]): void {
    for (const file of files) {
      const id = ++this.#last;
      this.#stops.set(id, new AbortController());
      const upload: Upload<T> = { id, file, state: 'waits', sentBytes: 0, issues: [] };
      this.all.value = [upload, ...this.all.value];
    }
    if (!this.#isBusy) void this.#work();
  }

  /** Ends one that is under way, and forgets it. */
  remove(id: number): void {
    this.#stops.get(id)?.abort();
    this.#stops.delete(id);
    this.all.value = this.all.value.filter((one) => one.id !== id);
  }

  close(): void {
    for (const { id } of this.all.value) this.remove(id);
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    const next = () => this.all.value.findLast(({ state }) => state === 'waits');
    for (let upload = next(); upload; upload = next()) await this.#carryOut(upload);
    this.#isBusy = false;
  }

  async #carryOut({ id, file }: Upload<T>): Promise<void> {
    const { signal: stopped } = this.#stops.get(id) ?? new AbortController();
    const onSent = (sentBytes: number) =>
      this.#change(id, { sentBytes, state: sentBytes < file.size ? 'sends' : 'works' });
    this.#change(id, { state: 'sends' });
    try {
      const result = await this.#send(file, { onSent, signal: stopped });
      this.#change(id, { state: 'done', result });
    } catch (error) {
      const told = error instanceof CallError ? { code: error.code, issues: error.issues } : {};
      this.#change(id, { state: 'failed', error: sentenceOf(error), ...told });
    }
  }

  #change(id: number, change: Partial<Upload<T>>): void {
    this.all.value = this.all.value.map((one) => (one.id === id ? { ...one, ...change } : one));
  }
}
