import { Clicks } from './clicks.ts';
import { modifiersOf } from './modifiers.ts';
import { OncePerFrame, type InputTarget } from './target.ts';
import { listenToWheel } from './wheel.ts';

const BUTTONS = ['left', 'middle', 'right', 'back', 'forward'] as const;
/** The bits of `MouseEvent.buttons`, in the order of `MouseEvent.button`. */
const BITS = [1, 4, 2, 8, 16] as const;

/** Sends what the mouse does over the picture. */
export function listenToMouse(target: InputTarget, signal: AbortSignal): void {
  const { canvas } = target;
  const mouse = new Mouse(target, listenToWheel(target, signal));
  const on = { signal };
  const capture = ({ pointerType, pointerId }: PointerEvent) => {
    // While a button is down, the mouse belongs to the picture, wherever it is.
    if (pointerType !== 'touch') canvas.setPointerCapture(pointerId);
  };
  canvas.addEventListener('pointerdown', capture, on);
  canvas.addEventListener('mousedown', (event) => mouse.down(event), on);
  canvas.addEventListener('mouseup', (event) => mouse.press('up', event), on);
  canvas.addEventListener('mousemove', (event) => mouse.move(event), on);
  for (const type of ['contextmenu', 'auxclick', 'dragstart']) {
    canvas.addEventListener(type, (event) => event.preventDefault(), on);
  }
  canvas.addEventListener('pointercancel', () => mouse.release(), on);
  window.addEventListener('blur', () => mouse.release(), on);
}

class Mouse {
  readonly #target: InputTarget;
  readonly #wheel: OncePerFrame;
  readonly #clicks = new Clicks();
  readonly #moves = new OncePerFrame(() => this.#tellMove());
  /** The buttons that are down, as `MouseEvent.buttons`. */
  #held = 0;
  #last: MouseEvent | undefined;

  constructor(target: InputTarget, wheel: OncePerFrame) {
    this.#target = target;
    this.#wheel = wheel;
  }

  down(event: MouseEvent): void {
    this.#target.focus({ clientX: event.clientX, clientY: event.clientY, isTouch: false });
    this.#clicks.press(event);
    this.press('down', event);
  }

  press(type: 'down' | 'up', event: MouseEvent): void {
    event.preventDefault();
    const button = BUTTONS[event.button];
    if (button === undefined) return;
    this.#moves.flush();
    this.#wheel.flush();
    this.#last = event;
    this.#held = event.buttons;
    const { send, at } = this.#target;
    const rest = { buttons: this.#held, clicks: this.#clicks.count, modifiers: modifiersOf(event) };
    send({ t: 'mouse', type, ...at(event), button, ...rest });
  }

  move(event: MouseEvent): void {
    // Whoever watches programs at work does not want to hover over their page.
    const { driver } = this.#target.session.driving.control.peek();
    const isOurs = driver === 'you' || driver === 'human';
    if (!isOurs && event.buttons === 0) return;
    this.#last = event;
    this.#moves.request();
  }

  /** No button stays down in the page when its end is not seen here. */
  release(): void {
    const { send, at } = this.#target;
    for (const [i, bit] of BITS.entries()) {
      const button = BUTTONS[i];
      if ((this.#held & bit) === 0 || !button || !this.#last) continue;
      this.#held &= ~bit;
      const rest = { buttons: this.#held, clicks: 1, modifiers: 0 };
      send({ t: 'mouse', type: 'up', ...at(this.#last), button, ...rest });
    }
  }

  #tellMove(): void {
    if (!this.#last) return;
    const { send, at } = this.#target;
    const rest = { buttons: this.#last.buttons, clicks: 0, modifiers: modifiersOf(this.#last) };
    send({ t: 'mouse', type: 'move', ...at(this.#last), button: 'none', ...rest });
  }
}
