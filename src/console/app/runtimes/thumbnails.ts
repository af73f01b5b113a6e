import { signal } from '@preact/signals';
import { pathOf, send } from '../api.ts';
import type { Runtime } from '../contract.ts';

/** How old a picture may be. */
const FRESH_MS = 5000;
const PAUSE_MS = 150;
const TIMEOUT_MS = 10_000;
const KEPT_MAX = 200;
const WIDTH = 320;

interface Picture {
  url: string;
  at: number;
}

/** Small pictures of the runtimes that are in view, one request at a time. */
export class Thumbnails {
  readonly pictures = signal<ReadonlyMap<string, string>>(new Map());
  readonly #kept = new Map<string, Picture>();
  readonly #runtimes = new Map<Element, Runtime>();
  readonly #seen = new Set<Element>();
  readonly #closing = new AbortController();
  readonly #observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#seen.add(target);
      else this.#seen.delete(target);
    }
  });
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#next();
  }

  /** Keeps the picture of a runtime new while the element is in view. */
  observe(element: Element, runtime: Runtime): () => void {
    this.#runtimes.set(element, runtime);
    this.#observer.observe(element);
    return () => {
      this.#observer.unobserve(element);
      this.#runtimes.delete(element);
      this.#seen.delete(element);
    };
  }

  close(): void {
    this.#closing.abort();
    clearTimeout(this.#timer);
    this.#observer.disconnect();
    for (const { url } of this.#kept.values()) URL.revokeObjectURL(url);
  }

  #next(): void {
    if (this.#closing.signal.aborted) return;
    this.#timer = setTimeout(() => void this.#look().finally(() => this.#next()), PAUSE_MS);
  }

  async #look(): Promise<void> {
    if (document.hidden) return;
    const oldest = [...this.#seen]
      .flatMap((element) => this.#runtimes.get(element) ?? [])
      .map((runtime) => ({ runtime, at: this.#kept.get(runtime.id)?.at ?? 0 }))
      .toSorted((a, b) => a.at - b.at)[0];
    if (!oldest || Date.now() - oldest.at < FRESH_MS) return;
    const { runtime } = oldest;
    this.#keep(runtime.id, await this.#load(runtime));
  }

  /** Undefined if there is none now, as while a page is busy. */
  async #load(runtime: Runtime): Promise<string | undefined> {
    try {
      const until = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const path = `${pathOf(runtime)}/screenshot?width=${WIDTH}`;
      return URL.createObjectURL(await (await send('GET', path, { signal: until })).blob());
    } catch {
      return undefined;
    }
  }

  #keep(id: string, url: string | undefined): void {
    const before = this.#kept.get(id);
    if (before && url !== undefined) URL.revokeObjectURL(before.url);
    this.#kept.delete(id);
    this.#kept.set(id, { url: url ?? before?.url ?? '', at: Date.now() });
    for (const [old, { url: oldUrl }] of this.#kept) {
      if (this.#kept.size <= KEPT_MAX) break;
      URL.revokeObjectURL(oldUrl);
      this.#kept.delete(old);
    }
    this.pictures.value = new Map([...this.#kept].map(([of, picture]) => [of, picture.url]));
  }
}
