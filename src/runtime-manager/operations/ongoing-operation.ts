import { untilAborted } from '../timing/until-aborted.ts';
import type { Operation, OperationProgress } from './operation.ts';

/** Why an operation is ended before its last step. */
export type OperationStop = 'cancelled' | 'interrupted';

/** An operation that is queued or running. */
export class OngoingOperation {
  readonly id: string;
  /** The last that is known of it. */
  progress: OperationProgress;
  readonly #over = Promise.withResolvers<Operation | undefined>();
  readonly #stopping = new AbortController();
  #stop: OperationStop | undefined;

  constructor(id: string, totalSteps: number) {
    this.id = id;
    this.progress = { step: 0, totalSteps };
  }

  /** Aborts when it is to end. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Why it is to end; undefined: it goes on. The first reason counts. */
  get stop(): OperationStop | undefined {
    return this.#stop;
  }

  end(why: OperationStop): void {
    this.#stop ??= why;
    this.#stopping.abort();
  }

  /** Its end is recorded so, or cannot be. */
  isOver(recorded?: Operation): void {
    this.#over.resolve(recorded);
  }

  /** Resolves with how it ended, as far as that is recorded, or with undefined when `until` aborts. */
  async whenOver(until: AbortSignal): Promise<Operation | undefined> {
    return untilAborted(this.#over.promise, until).catch(() => undefined);
  }
}
