import { batch, signal } from '@preact/signals';
import { call, CallError, pagesOf, pathOf, sentenceOf } from '../api.ts';
import type { Runtime, RuntimeEvent, Runtimes } from '../contract.ts';
import { EventStream } from '../event-stream.ts';

/** As many as one screen shows come first. */
const FIRST_PAGE = 50;
/** Older ones are loaded when they are asked for. */
const ROWS_STEP = 2000;
/** Events that come together are looked after together. */
const GATHER_MS = 200;
/** Up to this many, each is asked for by itself. */
const SINGLE_MAX = 8;
/** No event tells of the last use of a runtime, nor that its record was deleted. */
const REFRESH_MS = 60_000;

export interface Selection {
  /** An id; empty: those of all workspaces. */
  workspace: string;
  status: '' | Runtime['status'];
}

/** The runtimes as they are now, newest first. */
export class RuntimeList {
  readonly rows = signal<Runtime[]>([]);
  readonly state = signal<'loading' | 'loaded' | 'failed'>('loading');
  readonly error = signal('');
  /** Whether there are older ones that are not loaded. */
  readonly hasMore = signal(false);
  readonly stream: EventStream;
  #selection: Selection;
  #most = ROWS_STEP;
  #loading = new AbortController();
  readonly #touched = new Set<string>();
  #gathering: ReturnType<typeof setTimeout> | undefined;
  readonly #refreshing: ReturnType<typeof setInterval>;

  constructor(selection: Selection) {
    this.#selection = selection;
    this.stream = new EventStream('/v1/events/stream', (event) => this.#onEvent(event));
    this.#refreshing = setInterval(() => {
      if (!document.hidden) void this.load();
    }, REFRESH_MS);
    void this.load();
  }

  close(): void {
    this.stream.close();
    this.#loading.abort();
    clearInterval(this.#refreshing);
    clearTimeout(this.#gathering);
  }

  select(selection: Selection): void {
    this.#selection = selection;
    this.#most = ROWS_STEP;
    void this.load();
  }

  loadMore(): void {
    this.#most += ROWS_STEP;
    void this.load();
  }

  /** What is shown stays until there is more than it. */
  async load(): Promise<void> {
    this.#loading.abort();
    const { signal: gone } = (this.#loading = new AbortController());
    const found: Runtime[] = [];
    const shownBefore = this.state.value === 'loaded' ? this.rows.value.length : 0;
    try {
      for await (const page of pagesOf<Runtimes>(this.#path(), {
        first: FIRST_PAGE,
        signal: gone,
      })) {
        found.push(...page.runtimes);
        if (found.length >= shownBefore || page.nextCursor === undefined) this.#show([...found]);
        this.hasMore.value = page.nextCursor !== undefined;
        if (found.length >= this.#most) break;
      }
    } catch (error) {
      if (gone.aborted) return;
      this.error.value = sentenceOf(error);
      this.state.value = 'failed';
    }
  }

  /** Takes what the service answered about a runtime. */
  put(runtime: Runtime): void {
    const others = this.rows.value.filter(({ id }) => id !== runtime.id);
    if (!this.#fits(runtime)) {
      this.rows.value = others;
      return;
    }
    const at = others.findIndex(({ createdAt }) => createdAt <= runtime.createdAt);
    this.rows.value = others.toSpliced(at === -1 ? others.length : at, 0, runtime);
  }

  remove(id: string): void {
    this.rows.value = this.rows.value.filter((row) => row.id !== id);
  }

  #show(rows: Runtime[]): void {
    this.rows.value = rows;
    this.state.value = 'loaded';
  }

  #path(): string {
    const { workspace, status } = this.#selection;
    const path =
      workspace === ''
        ? '/v1/runtimes'
        : `/v1/workspaces/${encodeURIComponent(workspace)}/runtimes`;
    return status === '' ? path : `${path}?status=${status}`;
  }

  #fits({ workspaceId, status }: Runtime): boolean {
    const wanted = this.#selection;
    return (
      (wanted.workspace === '' || wanted.workspace === workspaceId) &&
      (wanted.status === '' || wanted.status === status)
    );
  }

  #onEvent({ type, runtimeId }: RuntimeEvent): void {
    if (!type.startsWith('runtime.')) return;
    this.#touched.add(runtimeId);
    this.#gathering ??= setTimeout(() => void this.#look(), GATHER_MS);
  }

  async #look(): Promise<void> {
    this.#gathering = undefined;
    const ids = [...this.#touched];
    this.#touched.clear();
    const known = this.rows.value.filter(({ id }) => ids.includes(id));
    if (known.length > SINGLE_MAX) return this.load();
    for (const runtime of known) await this.#ask(runtime);
    // The others are new, or are no concern of this list.
    if (known.length < ids.length) await this.#askForNewest();
  }

  async #askForNewest(): Promise<void> {
    const { signal: gone } = this.#loading;
    try {
      const { value } = await pagesOf<Runtimes>(this.#path(), {
        first: FIRST_PAGE,
        signal: gone,
      }).next();
      batch(() => value?.runtimes.forEach((runtime) => this.put(runtime)));
    } catch {
      // The next refresh has them.
    }
  }

  async #ask(runtime: Runtime): Promise<void> {
    try {
      this.put(await call<Runtime>('GET', pathOf(runtime)));
    } catch (error) {
      // Of anything else, the next refresh has the outcome.
      if (error instanceof CallError && error.status === 404) this.remove(runtime.id);
    }
  }
}
