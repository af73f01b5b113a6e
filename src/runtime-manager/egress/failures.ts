import type { NewEvent } from '../runtime/events.ts';
import type { Destination } from './destination.ts';
import { EgressRefusal, failureCode } from './egress-errors.ts';

/** A failure that is repeated is told after this time, with how often it happened. */
const WINDOW_MS = 10_000;
/** A page may ask for any number of hosts: further failures within that time are not told. */
const KINDS_MAX = 100;

type FailureEvent = NewEvent & { type: 'egress.refused' | 'egress.failed' };

/** Tells of connections that were refused or failed: each host's at once, and then now and then. */
export class Failures implements Disposable {
  readonly #tell: (event: FailureEvent) => void;
  readonly #seen = new Map<string, { count: number; event: FailureEvent }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (event: FailureEvent) => void) {
    this.#tell = tell;
  }

  add({ host, port }: Destination, error: unknown): void {
    const type = error instanceof EgressRefusal ? 'egress.refused' : 'egress.failed';
    const code = failureCode(error);
    const key = `${code} ${host}:${port}`;
    const seen = this.#seen.get(key);
    if (seen) seen.count++;
    else if (this.#seen.size < KINDS_MAX) {
      const event = { type, data: { host, port, code } } as const;
      this.#seen.set(key, { count: 0, event });
      this.#tell({ ...event, data: { ...event.data, count: 1 } });
    }
    this.#timer ??= setTimeout(() => this.#tellAgain(), WINDOW_MS).unref();
  }

  #tellAgain(): void {
    this.#timer = undefined;
    const seen = [...this.#seen.values()];
    this.#seen.clear();
    for (const { count, event } of seen) {
      if (count > 0) this.#tell({ ...event, data: { ...event.data, count } });
    }
  }

  /** Tells now what is not told yet. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#tellAgain();
  }
}
