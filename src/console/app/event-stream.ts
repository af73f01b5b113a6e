import { signal } from '@preact/signals';
import { CallError, send } from './api.ts';
import type { RuntimeEvent } from './contract.ts';

const FIRST_DELAY_MS = 500;
const LAST_DELAY_MS = 10_000;
/** The service says something at least every fifteen seconds. */
const SILENCE_MS = 40_000;

/** Follows events while the page is seen, and begins again where it was whenever that breaks off. */
export class EventStream {
  /** `lost`: what is shown may be out of date. */
  readonly state = signal<'connecting' | 'open' | 'lost'>('connecting');
  readonly #path: string;
  readonly #onEvent: (event: RuntimeEvent) => void;
  readonly #closing = new AbortController();
  #ongoing = new AbortController();
  #last: string | undefined;

  constructor(path: string, onEvent: (event: RuntimeEvent) => void, after?: string) {
    this.#path = path;
    this.#onEvent = onEvent;
    this.#last = after;
    // A browser has few connections to a host, so that pages in the background give theirs back.
    const follow = () => (document.hidden ? this.#ongoing.abort() : void this.#follow());
    document.addEventListener('visibilitychange', follow, { signal: this.#closing.signal });
    if (!document.hidden) void this.#follow();
  }

  close(): void {
    this.#closing.abort();
    this.#ongoing.abort();
  }

  async #follow(): Promise<void> {
    this.#ongoing.abort();
    const { signal: gone } = (this.#ongoing = new AbortController());
    let delayMs = FIRST_DELAY_MS;
    while (!gone.aborted) {
      try {
        await this.#read(gone, () => (delayMs = FIRST_DELAY_MS));
      } catch (error) {
        // Nobody is signed in, or the runtime is deleted: asking again changes nothing.
        if (error instanceof CallError && [401, 403, 404].includes(error.status)) return;
      }
      if (gone.aborted) return;
      this.state.value = 'lost';
      await pause(delayMs, gone);
      delayMs = Math.min(delayMs * 2, LAST_DELAY_MS);
    }
  }

  async #read(gone: AbortSignal, onOpen: () => void): Promise<void> {
    const silent = new AbortController();
    let timer = setTimeout(() => silent.abort(), SILENCE_MS);
    try {
      const headers: Record<string, string> =
        this.#last === undefined ? {} : { 'last-event-id': this.#last };
      const either = AbortSignal.any([gone, silent.signal]);
      const { body } = await send('GET', this.#path, { signal: either, headers });
      this.state.value = 'open';
      onOpen();
      if (!body) return;
      let rest = '';
      const reader = body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        clearTimeout(timer);
        timer = setTimeout(() => silent.abort(), SILENCE_MS);
        const blocks = (rest + part.value).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) this.#take(block);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** https://html.spec.whatwg.org/multipage/server-sent-events.html, as the service writes them. */
  #take(block: string): void {
    for (const line of block.split('\n')) {
      if (line.startsWith('id: ')) this.#last = line.slice(4);
      if (!line.startsWith('data: ')) continue;
      const event: RuntimeEvent = JSON.parse(line.slice(6));
      this.#onEvent(event);
    }
  }
}

function pause(ms: number, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    gone.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
