import type { OngoingOperation } from './ongoing-operation.ts';
import type { OperationProgress } from './operation.ts';
import type { OperationStore } from './operation-store.ts';

/** How often progress is recorded: an operation that is over sooner is written once less. */
const INTERVAL_MS = 1000;

/** Records how far an operation is, now and then. A write that fails is made up for by the next one. */
export class ProgressWriter implements Disposable {
  readonly #operation: OngoingOperation;
  readonly #store: Pick<OperationStore, 'progress'>;
  readonly #timer: NodeJS.Timeout;
  #written: OperationProgress;
  #writing = Promise.resolve();

  constructor(operation: OngoingOperation, store: Pick<OperationStore, 'progress'>) {
    this.#operation = operation;
    this.#store = store;
    this.#written = operation.progress;
    this.#timer = setInterval(() => this.#write(), INTERVAL_MS).unref();
  }

  progressed(progress: OperationProgress): void {
    this.#operation.progress = progress;
  }

  /** Resolves when nothing is being written any more; nothing will be. */
  async settled(): Promise<void> {
    this[Symbol.dispose]();
    await this.#writing;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #write(): void {
    const { id, progress } = this.#operation;
    if (progress === this.#written) return;
    this.#written = progress;
    this.#writing = this.#store.progress(id, progress).catch(() => undefined);
  }
}
