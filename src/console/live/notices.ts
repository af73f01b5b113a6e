import { signal } from '@preact/signals';

const SHOWN_MS = 8000;

export interface Notice {
  id: number;
  message: string;
}

/** Sentences that are shown for a while. */
export class Notices {
  readonly shown = signal<Notice[]>([]);
  #last = 0;

  /** A sentence that is shown already is shown for longer. */
  add(message: string): void {
    const id = ++this.#last;
    this.shown.value = [
      ...this.shown.value.filter((one) => one.message !== message),
      { id, message },
    ];
    setTimeout(() => this.remove(id), SHOWN_MS);
  }

  remove(id: number): void {
    this.shown.value = this.shown.value.filter((one) => one.id !== id);
  }
}
