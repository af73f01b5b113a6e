import { signal } from '@preact/signals';
import { call, CallError, pathOf, sentenceOf } from '../api.ts';
import type { Runtime, RuntimeEvent, RuntimeEvents } from '../contract.ts';
import { EventStream } from '../event-stream.ts';

/** What it used, and when it was last used, no event tells. */
const REFRESH_MS = 10_000;
const EVENTS_PAGE = 1000;
const EVENTS_MAX = 1000;

/** A runtime as it is now, and what happens in it. */
export class RuntimeView {
  readonly runtime = signal<Runtime | undefined>(undefined);
  readonly error = signal('');
  /** The latest ones, oldest first. */
  readonly events = signal<RuntimeEvent[]>([]);
  /** Counts up with each event of connections, of files, and of the runtime itself. */
  readonly changes = { connections: signal(0), files: signal(0), life: signal(0) };
  readonly path: string;
  readonly stream = signal<EventStream | undefined>(undefined);
  readonly #closing = new AbortController();
  readonly #refreshing: ReturnType<typeof setInterval>;

  constructor(workspaceId: string, id: string) {
    this.path = pathOf({ workspaceId, id });
    this.#refreshing = setInterval(() => {
      if (!document.hidden) void this.load();
    }, REFRESH_MS);
    void this.load();
    void this.#follow();
  }

  close(): void {
    this.#closing.abort();
    clearInterval(this.#refreshing);
    this.stream.value?.close();
  }

  async load(): Promise<void> {
    try {
      this.runtime.value = await call<Runtime>('GET', this.path);
      this.error.value = '';
    } catch (error) {
      const isGone = error instanceof CallError && error.status === 404;
      // What is shown is better than nothing, as long as it exists.
      if (isGone) this.runtime.value = undefined;
      if (isGone || !this.runtime.value) this.error.value = sentenceOf(error);
    }
  }

  async #follow(): Promise<void> {
    const { signal: gone } = this.#closing;
    let after = '0';
    try {
      for (let hasMore = true; hasMore;) {
        const path = `${this.path}/events?limit=${EVENTS_PAGE}&after=${after}`;
        const page = await call<RuntimeEvents>('GET', path, { signal: gone });
        this.#add(page.events);
        after = page.nextCursor ?? page.events.at(-1)?.id ?? after;
        hasMore = page.nextCursor !== undefined;
      }
    } catch {
      // The stream begins where this broke off, and tells when the service cannot be reached.
    }
    if (gone.aborted) return;
    const onEvent = (event: RuntimeEvent) => this.#onEvent(event);
    this.stream.value = new EventStream(`${this.path}/events/stream`, onEvent, after);
  }

  #onEvent(event: RuntimeEvent): void {
    this.#add([event]);
    const { type } = event;
    if (type === 'runtime.connected' || type === 'runtime.disconnected') {
      this.changes.connections.value += 1;
    } else if (type.startsWith('download.')) {
      this.changes.files.value += 1;
    } else if (type.startsWith('runtime.')) {
      this.changes.life.value += 1;
    }
    if (type.startsWith('runtime.')) void this.load();
  }

  #add(events: RuntimeEvent[]): void {
    this.events.value = [...this.events.value, ...events].slice(-EVENTS_MAX);
  }
}
