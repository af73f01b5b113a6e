import { signal } from '@preact/signals';
import { sentenceOf } from './api.ts';

interface Page {
  nextCursor?: string | undefined;
}

/** A page of a list, as far as it is of interest. */
interface Part<T> {
  rows: T[];
  hasMore: boolean;
}

/** A list of the service, of which one page after the other is shown. */
export class Listed<T extends { id: string }> {
  readonly rows = signal<T[]>([]);
  readonly state = signal<'loading' | 'loaded' | 'failed'>('loading');
  readonly error = signal('');
  /** Whether there is another page. */
  readonly hasMore = signal(false);
  readonly #open: (gone: AbortSignal) => AsyncGenerator<Part<T>, void>;
  #parts: AsyncGenerator<Part<T>, void> | undefined;
  #loading = new AbortController();

  /** Begins to load the pages of a list; `read` takes what one has of it. */
  static open<T extends { id: string }, P extends Page>(
    pages: (gone: AbortSignal) => AsyncGenerator<P, void>,
    read: (page: P) => T[],
  ): Listed<T> {
    return new Listed<T>((gone) => partsOf(pages(gone), read));
  }

  private constructor(open: (gone: AbortSignal) => AsyncGenerator<Part<T>, void>) {
    this.#open = open;
    void this.load();
  }

  close(): void {
    this.#loading.abort();
  }

  /** Loads it anew. What is shown stays until there is as much again. */
  async load(): Promise<void> {
    this.#loading.abort();
    const { signal: gone } = (this.#loading = new AbortController());
    this.#parts = this.#open(gone);
    await this.#take([], this.rows.value.length, gone);
  }

  async more(): Promise<void> {
    const { rows } = this;
    await this.#take(rows.value, rows.value.length + 1, this.#loading.signal);
  }

  /** Takes what the service answered about one: a new one comes first. */
  put(row: T): void {
    const rows = this.rows.value;
    const isKnown = rows.some(({ id }) => id === row.id);
    this.rows.value = isKnown ? rows.map((old) => (old.id === row.id ? row : old)) : [row, ...rows];
  }

  remove(id: string): void {
    this.rows.value = this.rows.value.filter((row) => row.id !== id);
  }

  async #take(before: T[], least: number, gone: AbortSignal): Promise<void> {
    const found = [...before];
    const parts = this.#parts;
    try {
      do {
        const part = await parts?.next();
        if (!part || part.done) break;
        found.push(...part.value.rows);
        this.hasMore.value = part.value.hasMore;
      } while (found.length < least && this.hasMore.value);
      if (gone.aborted) return;
      this.rows.value = found;
      this.state.value = 'loaded';
      this.error.value = '';
    } catch (error) {
      if (gone.aborted) return;
      this.error.value = sentenceOf(error);
      // What is shown is better than nothing.
      if (this.state.value === 'loading') this.state.value = 'failed';
    }
  }
}

async function* partsOf<T, P extends Page>(
  pages: AsyncGenerator<P, void>,
  read: (page: P) => T[],
): AsyncGenerator<Part<T>, void> {
  for await (const page of pages)
    yield { rows: read(page), hasMore: page.nextCursor !== undefined };
}
