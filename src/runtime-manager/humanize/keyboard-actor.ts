import { KeyParams, type InputCommand } from './input-command.ts';
import type { Stage } from './stage.ts';
import { dwellMs, intervalMs, planText, type Stroke } from './typing.ts';

const KEY = 'Input.dispatchKeyEvent';
const INSERT = 'Input.insertText';
/** A longer text is pasted. */
const TYPED_MAX = 32;
const SHIFT_BIT = 8;
/** https://w3c.github.io/uievents/#dom-keyboardevent-location */
const LEFT = 1;
const MODIFIERS = new Set(['Shift', 'Control', 'Alt', 'Meta']);
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Acts out what a client does with the keyboard in one session. */
export class KeyboardActor {
  readonly #stage: Stage;
  /** Whether a text is being composed: the next insertion ends the composition. */
  isComposing = false;
  readonly #downAt = new Map<string, number>();
  #previous: string | undefined;
  #pressedAt = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Waits until the client's own event is due, and resolves with it, to be sent now. */
  async press(command: InputCommand): Promise<InputCommand> {
    const { data: params } = KeyParams.safeParse(command.params);
    if (!params) return command;
    const name = params.code ?? params.key ?? '';
    if (params.type === 'keyUp') await this.#release(name);
    else if (params.type === 'char') await this.#write(params);
    else if (!params.autoRepeat) await this.#press(name, params);
    const { timestamp: _asked, ...now } = params;
    return { ...command, params: now };
  }

  /** Types a short text, as far as there are keys for it, and pastes a long one, as people do. */
  async insert(command: InputCommand): Promise<InputCommand> {
    const text = command.params?.['text'];
    const { isComposing } = this;
    this.isComposing = false;
    if (typeof text !== 'string' || isComposing || this.#downAt.size > 0) return command;
    const characters = firstCharacters(text, TYPED_MAX + 1);
    // Libraries insert single characters for keys that are not on the keyboard.
    if (characters.length > 1) this.#stage.beginAnew();
    await this.#pauseBefore(characters[0] ?? '');
    this.#previous = characters.at(-1);
    const { persona, random, maxDelayMs } = this.#stage.humanizer;
    if (characters.length > TYPED_MAX || CONTROLS.test(text) || maxDelayMs === 0) return command;
    const strokes = planText(characters, this.#stage.delayLeftMs, persona, random);
    const last = strokes.at(-1);
    const type = (stroke: Stroke) => {
      const { method, params } = eventOf(stroke);
      if (stroke !== last) this.#stage.tell(method, params);
    };
    await this.#stage.play(strokes, type, false);
    this.#pressedAt = this.#stage.now;
    return last ? { ...command, ...eventOf(last) } : command;
  }

  /** Somebody else had the keyboard: no key is held. */
  leave(): void {
    this.#downAt.clear();
  }

  async #press(name: string, { key = '', text }: KeyParams): Promise<void> {
    const character = text ?? key;
    if (MODIFIERS.has(key)) {
      await this.#stage.pauseSince(this.#pressedAt, this.#stage.humanizer.persona.typing.dwellMs);
    } else {
      await this.#pauseBefore(character);
      this.#previous = character;
    }
    this.#pressedAt = this.#stage.now;
    this.#downAt.set(name, this.#pressedAt);
  }

  /** A character of a client that sends no keys. */
  async #write({ text = '' }: KeyParams): Promise<void> {
    if (this.#downAt.size > 0) return;
    await this.#pauseBefore(text);
    this.#previous = text;
    this.#pressedAt = this.#stage.now;
  }

  async #release(name: string): Promise<void> {
    const { persona, random } = this.#stage.humanizer;
    const downAt = this.#downAt.get(name) ?? this.#stage.now;
    await this.#stage.pauseSince(downAt, dwellMs(persona, random));
    this.#downAt.delete(name);
  }

  async #pauseBefore(character: string): Promise<void> {
    const { persona, random } = this.#stage.humanizer;
    const wantedMs = intervalMs(this.#previous, character, persona, random);
    await this.#stage.pauseSince(this.#pressedAt, wantedMs);
  }
}

/** The first characters of a text, which may be long. */
function firstCharacters(text: string, most: number): string[] {
  const characters: string[] = [];
  for (const { segment } of graphemes.segment(text)) {
    if (characters.push(segment) === most) break;
  }
  return characters;
}

/** Keys such as Enter do something else than their characters as text. */
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f]/;

function eventOf(stroke: Stroke): { method: `Input.${string}`; params: Record<string, unknown> } {
  if (stroke.type === 'insert') return { method: INSERT, params: { text: stroke.text } };
  const { type, key, at, shift } = stroke;
  const params = {
    type,
    key,
    code: at.code,
    windowsVirtualKeyCode: at.keyCode,
    modifiers: shift ? SHIFT_BIT : 0,
    location: key === 'Shift' ? LEFT : 0,
  };
  const isText = type === 'keyDown' && key !== 'Shift';
  return { method: KEY, params: isText ? { ...params, text: key, unmodifiedText: key } : params };
}
