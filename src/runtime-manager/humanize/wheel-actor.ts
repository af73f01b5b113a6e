import { MOUSE, type MouseParams } from './input-command.ts';
import { findScrollerAt } from './node-questions.ts';
import type { Stage } from './stage.ts';
import { planScroll, type Scroll } from './wheel.ts';

const SMALL_SCROLL_PX = 40;
const CONTROL = 2;
/** A page that has left this many turns unanswered gets fewer and larger ones. */
const BEHIND_MAX = 3;

/** Acts out what a client does with the wheel of the mouse in one session. */
export class WheelActor {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Makes all turns but the last, and resolves with the client's event, which is the last turn. */
  async turn(params: MouseParams): Promise<MouseParams> {
    const { deltaX = 0, deltaY = 0, modifiers = 0 } = params;
    const total = { deltaX, deltaY };
    const isSmall = Math.max(Math.abs(deltaX), Math.abs(deltaY)) <= SMALL_SCROLL_PX;
    // With Control the wheel zooms, by events rather than by pixels.
    if (isSmall || (modifiers & CONTROL) !== 0) return params;
    const scroller = await findScrollerAt(this.#stage, params, total);
    // For Chromium each turn ends a scroll, so the page would come to rest after each.
    if (scroller?.snaps) return params;
    // A turn passes by a scroller that is at its end, so the last turn, with the rest of the scroll,
    // has to come while this scroller still has room.
    const told = await this.#turnBut(params, upTo(scroller?.roomPx ?? Infinity, total));
    return { ...params, deltaX: deltaX - told.deltaX, deltaY: deltaY - told.deltaY };
  }

  /** Makes all turns but the last; resolves with what these scrolled. */
  async #turnBut(params: MouseParams, total: Scroll): Promise<Scroll> {
    const { humanizer, delayLeftMs } = this.#stage;
    const steps = planScroll(total, delayLeftMs, humanizer.persona, humanizer.random);
    const last = steps.at(-1);
    let due: Scroll = { deltaX: 0, deltaY: 0 };
    let told = due;
    await this.#stage.play(
      steps,
      (step) => {
        if (step === last) return;
        due = sumOf(due, step);
        if (this.#stage.unanswered >= BEHIND_MAX) return;
        this.#stage.tell(MOUSE, { ...params, ...due });
        told = sumOf(told, due);
        due = { deltaX: 0, deltaY: 0 };
      },
      false,
    );
    return told;
  }
}

function sumOf(one: Scroll, other: Scroll): Scroll {
  return { deltaX: one.deltaX + other.deltaX, deltaY: one.deltaY + other.deltaY };
}

/** As much of a scroll as there is room for. */
function upTo(roomPx: number, { deltaX, deltaY }: Scroll): Scroll {
  const part = Math.min(1, Math.floor(roomPx) / Math.max(Math.abs(deltaX), Math.abs(deltaY)));
  return { deltaX: Math.trunc(deltaX * part), deltaY: Math.trunc(deltaY * part) };
}
