import type { Runtime } from '../runtime/runtime.ts';

/** Tells other processes of what is new, and hears of it from them. */
export interface WakeUpRelay {
  tell(runtime: Pick<Runtime, 'id' | 'organizationId'>): void;
  /** Listens for news of a runtime, or of any of an organization. */
  listen(id: string, heard: () => void): Disposable;
}

/** How long a relay goes on listening: whoever waited mostly waits again. */
const LINGER_MS = 5000;

interface Waited {
  looks: Set<() => void>;
  listening: Disposable | undefined;
  lingering: NodeJS.Timeout | undefined;
}

/** Wakes whoever waits for something new of a runtime, or of any of an organization. */
export class WakeUps implements Disposable {
  readonly #relay: WakeUpRelay | undefined;
  readonly #waited = new Map<string, Waited>();

  /** Without a relay, only what happens in this process wakes anybody. */
  constructor(relay?: WakeUpRelay) {
    this.#relay = relay;
  }

  /** Tells that there may be something new of a runtime. */
  wake(runtime: Pick<Runtime, 'id' | 'organizationId'>): void {
    this.#look(runtime.id);
    this.#look(runtime.organizationId);
    this.#relay?.tell(runtime);
  }

  /**
   * Listens from now on, so that nothing is missed between a look and the wait for the next. `id` is
   * that of a runtime or of an organization. `heard` resolves with the first call, when `signal` aborts, or after `atMostMs`.
   */
  expect(id: string, signal: AbortSignal, atMostMs: number): Disposable & { heard: Promise<void> } {
    const { promise: heard, resolve } = Promise.withResolvers<void>();
    const waited = this.#wait(id);
    waited.looks.add(resolve);
    const abort = () => resolve();
    signal.addEventListener('abort', abort, { once: true });
    const timer = setTimeout(resolve, atMostMs);
    return {
      heard,
      [Symbol.dispose]: () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        waited.looks.delete(resolve);
        if (waited.looks.size === 0) this.#leave(id, waited);
      },
    };
  }

  /** Calls `heard` whenever there may be something new of a runtime or an organization. */
  listen(id: string, heard: () => void): Disposable {
    const waited = this.#wait(id);
    waited.looks.add(heard);
    return {
      [Symbol.dispose]: () => {
        waited.looks.delete(heard);
        if (waited.looks.size === 0) this.#leave(id, waited);
      },
    };
  }

  /** Stops listening. */
  [Symbol.dispose](): void {
    for (const [id, waited] of this.#waited) this.#forget(id, waited);
  }

  #look(id: string): void {
    for (const look of this.#waited.get(id)?.looks ?? []) look();
  }

  #wait(id: string): Waited {
    const known = this.#waited.get(id);
    clearTimeout(known?.lingering);
    const waited = known ?? {
      looks: new Set(),
      listening: this.#relay?.listen(id, () => this.#look(id)),
      lingering: undefined,
    };
    this.#waited.set(id, waited);
    return waited;
  }

  #leave(id: string, waited: Waited): void {
    if (!waited.listening) return this.#forget(id, waited);
    waited.lingering = setTimeout(() => this.#forget(id, waited), LINGER_MS).unref();
  }

  #forget(id: string, { listening, lingering }: Waited): void {
    clearTimeout(lingering);
    listening?.[Symbol.dispose]();
    this.#waited.delete(id);
  }
}
