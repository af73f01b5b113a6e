import type { ViewerMessage } from '../contract.ts';
import type { Point } from '../fit.ts';
import { modifiersOf, type ModifierState } from './modifiers.ts';
import { OncePerFrame, type InputTarget } from './target.ts';

const FINGERS_MAX = 10;
/** A finger that moves less taps. */
const TAP_PX = 10;
const HOLD_MS = 150;

type TouchType = Extract<ViewerMessage, { t: 'touch' }>['type'];

/** Sends what fingers do on the picture. */
export class PageTouch {
  readonly #target: InputTarget;
  /** By the browser's id of the pointer, which may be any number; ours are small and used again. */
  readonly #fingers = new Map<number, Point & { id: number }>();
  readonly #moves = new OncePerFrame(() => this.#tell('move'));
  #modifiers: ModifierState | undefined;
  #first: PointerEvent | undefined;
  #held: ReturnType<typeof setTimeout> | undefined;

  constructor(target: InputTarget) {
    this.#target = target;
  }

  down(event: PointerEvent): void {
    this.#begin();
    const used = new Set([...this.#fingers.values()].map(({ id }) => id));
    const id = Array.from({ length: FINGERS_MAX }, (_, i) => i).find((i) => !used.has(i));
    if (id === undefined) return;
    this.#moves.flush();
    const isFirst = this.#fingers.size === 0;
    const point = this.#note(event, id);
    this.#first = isFirst ? event : undefined;
    this.#target.session.keyboard.tap = isFirst ? point : undefined;
    this.#held = setTimeout(() => this.#begin(), HOLD_MS);
    if (!this.#mayBeOfTwo()) this.#begin();
  }

  move(event: PointerEvent): void {
    const finger = this.#fingers.get(event.pointerId);
    if (!finger) return;
    const { clientX, clientY } = this.#first ?? event;
    if (Math.hypot(event.clientX - clientX, event.clientY - clientY) > TAP_PX) {
      this.#target.session.keyboard.tap = undefined;
      this.#begin();
    }
    this.#note(event, finger.id);
    if (this.#held === undefined) this.#moves.request();
  }

  up(event: PointerEvent): void {
    if (!this.#fingers.has(event.pointerId)) return;
    this.#begin();
    this.#moves.flush();
    this.#modifiers = event;
    this.#fingers.delete(event.pointerId);
    this.#tell('end');
  }

  /** The page forgets the fingers that are down. */
  cancel(): void {
    this.#target.session.keyboard.tap = undefined;
    if (this.#fingers.size === 0) return;
    this.#moves.flush();
    this.#fingers.clear();
    if (this.#held === undefined) this.#tell('cancel');
    clearTimeout(this.#held);
    this.#held = undefined;
  }

  /**
   * A touch takes control, and closes a list. Where that is something, it waits for a moment, since a
   * second finger may make it a movement of the view.
   */
  #mayBeOfTwo(): boolean {
    const { driving, popup, picker } = this.#target.session;
    if (this.#fingers.size > 1) return false;
    return driving.control.peek().driver !== 'you' || (popup.peek() ?? picker.peek()) !== undefined;
  }

  /** Tells of the finger that came down last, unless that is done. */
  #begin(): void {
    if (this.#held === undefined) return;
    clearTimeout(this.#held);
    this.#held = undefined;
    if (this.#first) this.#target.focus({ ...placeOf(this.#first), isTouch: true });
    this.#tell('start');
  }

  #note(event: PointerEvent, id: number): Point {
    this.#modifiers = event;
    const point = this.#target.at(event);
    this.#fingers.set(event.pointerId, { id, ...point });
    return point;
  }

  #tell(type: TouchType): void {
    const modifiers = this.#modifiers ? modifiersOf(this.#modifiers) : 0;
    this.#target.send({ t: 'touch', type, points: [...this.#fingers.values()], modifiers });
  }
}

function placeOf({ clientX, clientY }: PointerEvent): { clientX: number; clientY: number } {
  return { clientX, clientY };
}
