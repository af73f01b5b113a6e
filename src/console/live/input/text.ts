import type { Session } from '../session.ts';
import { BACKSPACE, DELETE, ENTER, type Stroke } from './keys.ts';
import { CTRL } from './modifiers.ts';

/** Keyboards on a screen delete only what is there. */
const FILLING = '\u00a0\u00a0';

/** What input that came without keys means. */
const STROKES: Partial<Record<string, Stroke>> = {
  deleteContentBackward: BACKSPACE,
  deleteWordBackward: { ...BACKSPACE, modifiers: CTRL },
  deleteContentForward: DELETE,
  insertLineBreak: ENTER,
  insertParagraph: ENTER,
};

/** Sends text that comes without keys that mean it. */
export function listenToText(
  session: Session,
  field: HTMLTextAreaElement,
  signal: AbortSignal,
): void {
  const text = new TextField(session, field);
  const on = { signal };
  field.addEventListener('focus', () => text.refill(), on);
  field.addEventListener('compositionstart', () => text.beginComposing(), on);
  field.addEventListener('compositionupdate', ({ data }) => text.compose(data), on);
  field.addEventListener('compositionend', ({ data }) => text.endComposing(data), on);
  field.addEventListener('beforeinput', (event) => text.type(event), on);
  field.addEventListener('input', () => text.refill(), on);
}

class TextField {
  readonly #session: Session;
  readonly #field: HTMLTextAreaElement;
  #isComposing = false;

  constructor(session: Session, field: HTMLTextAreaElement) {
    this.#session = session;
    this.#field = field;
  }

  refill(): void {
    if (this.#isComposing) return;
    this.#field.value = FILLING;
    this.#field.setSelectionRange(FILLING.length, FILLING.length);
  }

  beginComposing(): void {
    this.#isComposing = true;
  }

  compose(text: string): void {
    if (this.#isComposing) this.#session.send({ t: 'compose', text });
  }

  endComposing(text: string): void {
    this.#isComposing = false;
    this.#session.send({ t: text === '' ? 'compose' : 'text', text });
    // Some browsers have not written the text into the field yet.
    setTimeout(() => this.refill());
  }

  type(event: InputEvent): void {
    if (this.#isComposing || event.inputType.endsWith('CompositionText')) return;
    event.preventDefault();
    const stroke = STROKES[event.inputType];
    if (stroke) {
      this.#session.send({ t: 'key', type: 'down', isRepeat: false, ...stroke });
      this.#session.send({ t: 'key', type: 'up', isRepeat: false, ...stroke });
    } else if (event.data) {
      this.#session.send({ t: 'text', text: event.data });
    }
  }
}
