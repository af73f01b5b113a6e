import { signal } from '@preact/signals';

const SHOWN_MS = 8000;

export interface Notice extends NoticeOptions {
  id: number;
  message: string;
}

export interface NoticeOptions {
  /** What can be done about it. */
  action?: { name: string; act: () => void };
  /** `Infinity`: until it is out of date, or hidden. */
  shownMs?: number;
  /** Of those about control, the newest alone is true. */
  isOfControl?: boolean;
}

/** Sentences that are shown for a while. */
export class Notices {
  readonly shown = signal<Notice[]>([]);
  #last = 0;

  /** A sentence that is shown already is shown for longer. */
  add(message: string, options: NoticeOptions = {}): void {
    const id = ++this.#last;
    if (options.isOfControl) this.forgetControl();
    const others = this.shown.value.filter((one) => one.message !== message);
    this.shown.value = [...others, { id, message, ...options }];
    const { shownMs = SHOWN_MS } = options;
    if (shownMs !== Infinity) setTimeout(() => this.remove(id), shownMs);
  }

  remove(id: number): void {
    this.shown.value = this.shown.value.filter((one) => one.id !== id);
  }

  /** What was said about control is out of date. */
  forgetControl(): void {
    this.shown.value = this.shown.value.filter(({ isOfControl }) => !isOfControl);
  }
}
