import { TEXT_MAX } from '../contract.ts';
import type { Session } from '../session.ts';
import { strokeOf, type Stroke } from './keys.ts';
import { isMac } from './modifiers.ts';
import { carryOut, isForeign, isLeave, isPaste } from './shortcuts.ts';
import { listenToText } from './text.ts';

/**
 * Sends what is typed into `field`, which nobody sees: keys as keys, and as text what input methods,
 * dead keys and keyboards on a screen make of them. `leave` is called for the keys that leave the
 * picture.
 */
export function listenToKeyboard(
  session: Session,
  { field, leave }: { field: HTMLTextAreaElement; leave: () => void },
  signal: AbortSignal,
): void {
  const keys = new HeldKeys(session);
  const on = { signal };
  field.addEventListener(
    'keydown',
    (event) => {
      if (isForeign(event) || isPaste(event)) return;
      if (isLeave(event)) {
        event.preventDefault();
        keys.release();
        return leave();
      }
      const stroke = strokeOf(event);
      if (!stroke) return;
      event.preventDefault();
      if (!carryOut(event, session)) keys.down(stroke, event);
    },
    on,
  );
  field.addEventListener('keyup', (event) => keys.up(event), on);
  field.addEventListener('blur', () => keys.release(), on);
  field.addEventListener(
    'paste',
    (event) => {
      event.preventDefault();
      paste(session, event.clipboardData?.getData('text/plain') ?? '');
    },
    on,
  );
  listenToText(session, field, signal);
}

function paste(session: Session, text: string): void {
  if (text.length > TEXT_MAX) {
    const most = TEXT_MAX.toLocaleString('en');
    session.notices.add(`The text is too long: at most ${most} characters can be pasted at once.`);
  } else if (text !== '') {
    session.send({ t: 'paste', text });
  }
}

/** Knows which keys are down, so that none stays down in the page when its end was not seen. */
class HeldKeys {
  readonly #session: Session;
  /** By the key's place on the keyboard: what it types may change while it is down. */
  readonly #held = new Map<string, Stroke>();

  constructor(session: Session) {
    this.#session = session;
  }

  down(stroke: Stroke, { code, key, repeat, metaKey }: KeyboardEvent): void {
    this.#session.send({ t: 'key', type: 'down', isRepeat: repeat, ...stroke });
    this.#held.set(code || key, stroke);
    // A Mac does not tell that another key is up while Command is down.
    if (isMac && metaKey && key !== 'Meta') this.#end(code || key, stroke.modifiers);
  }

  up(event: KeyboardEvent): void {
    const modifiers = strokeOf(event)?.modifiers ?? 0;
    this.#end(event.code || event.key, modifiers);
  }

  release(): void {
    for (const place of this.#held.keys()) this.#end(place, 0);
  }

  #end(place: string, modifiers: number): void {
    const stroke = this.#held.get(place);
    if (!stroke) return;
    this.#held.delete(place);
    this.#session.send({ t: 'key', type: 'up', isRepeat: false, ...stroke, modifiers });
  }
}
