import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { CdpSession } from '../browser/cdp/cdp-session.ts';
import type { ServiceMessage } from './messages.ts';

/** Drivers answer most dialogs at once; those are not shown. */
const SHOW_AFTER_MS = 250;
const TEXT_MAX = 10_000;

const Opened = z.object({
  url: z.string(),
  message: z.string(),
  type: z.enum(['alert', 'confirm', 'prompt', 'beforeunload']),
  defaultPrompt: z.string().optional(),
});

type DialogMessage = Extract<ServiceMessage, { t: 'dialog' }>;

/** The dialog of one tab that waits for an answer. */
export class TabDialog implements Disposable {
  readonly #tell: (message: ServiceMessage) => void;
  #shown: DialogMessage | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `tell` is called when viewers are to see a dialog, and when it is closed. */
  constructor(tell: (message: ServiceMessage) => void) {
    this.#tell = tell;
  }

  get shown(): DialogMessage | undefined {
    return this.#shown;
  }

  follow(session: CdpSession): void {
    session.on('Page.javascriptDialogOpening', (told) => this.#opened(told));
    session.on('Page.javascriptDialogClosed', () => this.#closed());
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #opened(told: unknown): void {
    const { data } = Opened.safeParse(told);
    if (!data) return;
    const dialog: DialogMessage = {
      t: 'dialog',
      dialog: randomUUID(),
      kind: data.type,
      message: data.message.slice(0, TEXT_MAX),
      default: (data.defaultPrompt ?? '').slice(0, TEXT_MAX),
      url: data.url.slice(0, TEXT_MAX),
    };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#shown = dialog;
      this.#tell(dialog);
    }, SHOW_AFTER_MS).unref();
  }

  #closed(): void {
    clearTimeout(this.#timer);
    const dialog = this.#shown?.dialog;
    this.#shown = undefined;
    if (dialog !== undefined) this.#tell({ t: 'dialogClosed', dialog });
  }
}
