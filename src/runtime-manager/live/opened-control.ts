import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { InputMessage, ServiceMessage } from './messages.ts';
import type { FoundControl } from './page-questions.ts';
import type { TabWatch } from './tab-watch.ts';
import { keyCommand, pressed, type InputCommand } from './viewer-commands.ts';

type Said<T extends InputMessage['t']> = Extract<InputMessage, { t: T }>;

/** How far a list is walked through by keys; further away, a script chooses. */
const STEPS_MAX = 100;
const CLOSE_ATTEMPTS = 10;
const CLOSE_MS = 50;
const PICKERS = ['date', 'datetime-local', 'month', 'week', 'time', 'color'] as const;
const ESCAPE = { key: 'Escape', keyCode: 27 };
const ENTER = { key: 'Enter', keyCode: 13 };
const DOWN = { key: 'ArrowDown', keyCode: 40 };
const UP = { key: 'ArrowUp', keyCode: 38 };

export interface OpenedControlParts {
  /** Gives a page input. */
  give: (watch: TabWatch, command: InputCommand) => void;
  say: (message: ServiceMessage) => void;
}

/** The list or picker that Chromium has opened for a viewer's click, which the viewer draws. */
export class OpenedControl {
  readonly #parts: OpenedControlParts;
  #open: { id: string; control: FoundControl } | undefined;

  constructor(parts: OpenedControlParts) {
    this.#parts = parts;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Something else has closed it. */
  forget(): void {
    this.#open = undefined;
  }

  async leave(watch: TabWatch): Promise<void> {
    const control = this.#open?.control;
    this.#open = undefined;
    if (control) await this.#close(watch, control);
  }

  /** Lists and pickers of Chromium's own are in no picture, so viewers draw them. */
  show(control: FoundControl | undefined): void {
    this.#open = control && { id: randomUUID(), control };
    if (!this.#open || !control) return;
    const { at, value, min, max, step, options } = control;
    const { id } = this.#open;
    const type = PICKERS.find((one) => one === control.type);
    if (control.kind === 'popup')
      this.#parts.say({ t: 'popup', popup: id, at, isMultiple: false, options });
    else if (type) this.#parts.say({ t: 'picker', picker: id, at, type, value, min, max, step });
  }

  /** Chooses an option of the list that is open, by keys, as a person does. */
  async choose(watch: TabWatch, { popup, options }: Said<'choose'>): Promise<void> {
    const control = this.#take(popup);
    const [index] = options;
    if (!control) return;
    if (index === undefined) return this.#close(watch, control);
    const steps = await watch.questions.stepsTo(control, index);
    if (steps === undefined) return;
    if (Math.abs(steps) > STEPS_MAX) {
      await this.#close(watch, control);
      await watch.questions.setValue(control, index);
      return;
    }
    for (let step = 0; step < Math.abs(steps); step++) this.#press(watch, steps > 0 ? DOWN : UP);
    this.#press(watch, ENTER);
  }

  async pick(watch: TabWatch, { picker, value }: Said<'pick'>): Promise<void> {
    const control = this.#take(picker);
    if (!control) return;
    await this.#close(watch, control);
    if (value !== control.value) await watch.questions.setValue(control, value);
  }

  /** Closes what Chromium has opened: a click before that would only close it. It takes no keys at first. */
  async #close(watch: TabWatch, control: FoundControl): Promise<void> {
    for (let attempt = 0; attempt < CLOSE_ATTEMPTS; attempt++) {
      this.#press(watch, ESCAPE);
      if (!(await watch.questions.isOpen(control))) return;
      await delay(CLOSE_MS, undefined, { ref: false });
    }
  }

  #press(watch: TabWatch, key: { key: string; keyCode: number }): void {
    for (const said of pressed(key)) this.#parts.give(watch, keyCommand(said));
  }

  #take(id: string): FoundControl | undefined {
    if (this.#open?.id !== id) return undefined;
    const { control } = this.#open;
    this.#open = undefined;
    return control;
  }
}
