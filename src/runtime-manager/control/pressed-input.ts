import { z } from 'zod';
import type { OwnCommand, SentCommand } from '../humanize/own-commands.ts';

/** What of this many is followed; a program that holds down more has a mistake. */
const FOLLOWED_MAX = 200;

const KEY = 'Input.dispatchKeyEvent';
const TOUCH = 'Input.dispatchTouchEvent';
const DRAG = 'Input.dispatchDragEvent';

const Params = z.looseObject({ type: z.string() });
const Point = z.object({ x: z.number(), y: z.number() });
const Button = Point.extend({
  button: z.string(),
  modifiers: z.int().optional(),
  clickCount: z.int().optional(),
  pointerType: z.string().optional(),
});
const Key = z.object({
  key: z.string().optional(),
  code: z.string().optional(),
  windowsVirtualKeyCode: z.int().optional(),
  nativeVirtualKeyCode: z.int().optional(),
  modifiers: z.int().optional(),
  location: z.int().optional(),
  isKeypad: z.boolean().optional(),
});

/** Something that begins to be held down, with what lets it go, or that is let go. */
type Step = { what: string; letsGo: { method: string; params: object } | undefined };

/** What one client holds down in its pages: buttons, keys, fingers, and a drag. */
export class PressedInput {
  /** What lets go of each. */
  readonly #down = new Map<string, OwnCommand>();
  /** What the client still believes to hold down. */
  readonly #letGo = new Set<string>();

  /** Whether the client has yet to let go of what is down no more. */
  get isAhead(): boolean {
    return this.#letGo.size > 0;
  }

  get isDown(): boolean {
    return this.#down.size > 0;
  }

  /** Hears of a command that goes to the browser. */
  note({ method, params, sessionId }: SentCommand): void {
    const step = stepOf(method, params);
    if (!step) return this.#follow(method, params, sessionId);
    const name = nameOf(step, sessionId);
    this.#letGo.delete(name);
    if (!step.letsGo) this.#down.delete(name);
    else if (this.#down.size < FOLLOWED_MAX) this.#down.set(name, { ...step.letsGo, sessionId });
    // The button that began a drag is let go with it.
    if (method === DRAG) this.#forgetButtons(sessionId);
  }

  /** The commands that let go of all that is down; the client's own are done with then. */
  letGo(): OwnCommand[] {
    for (const name of this.#down.keys()) this.#expect(name);
    const commands = [...this.#down.values()];
    this.#down.clear();
    return commands;
  }

  /** Hears of a command that the browser never gets: what it presses needs no release. */
  leaveOut({ method, params, sessionId }: SentCommand): void {
    const step = stepOf(method, params);
    if (step?.letsGo) this.#expect(nameOf(step, sessionId));
  }

  /** Whether a command lets go of what is down no more. */
  isDone({ method, params, sessionId }: SentCommand): boolean {
    if (!this.isAhead) return false;
    const step = stepOf(method, params);
    return step !== undefined && !step.letsGo && this.#letGo.has(nameOf(step, sessionId));
  }

  #expect(name: string): void {
    if (this.#letGo.size < FOLLOWED_MAX) this.#letGo.add(name);
  }

  /** Buttons are let go where the pointer is. */
  #follow(method: string, params: unknown, sessionId: string | undefined): void {
    if (!this.isDown || !isMouse(method)) return;
    const { data: at } = Point.safeParse(params);
    for (const one of this.#down.values()) {
      if (at && one.method === method && one.sessionId === sessionId) Object.assign(one.params, at);
    }
  }

  #forgetButtons(sessionId: string | undefined): void {
    for (const [name, one] of this.#down) {
      if (isMouse(one.method) && one.sessionId === sessionId) this.#down.delete(name);
    }
  }
}

function nameOf({ what }: Step, sessionId = ''): string {
  return `${sessionId} ${what}`;
}

function isMouse(method: string): boolean {
  return method === 'Input.dispatchMouseEvent' || method === 'Input.emulateTouchFromMouseEvent';
}

/** Undefined for a command that neither holds anything down nor lets it go. */
function stepOf(method: string, params: unknown): Step | undefined {
  const type = Params.safeParse(params).data?.type;
  if (isMouse(method)) return buttonStep(method, type, params);
  switch (method) {
    case KEY:
      return keyStep(type, params);
    case TOUCH:
      return touchStep(type);
    case DRAG:
      return dragStep(type, params);
    default:
      return undefined;
  }
}

function buttonStep(method: string, type: string | undefined, params: unknown): Step | undefined {
  const { data } = Button.safeParse(params);
  if (!data || (type !== 'mousePressed' && type !== 'mouseReleased')) return undefined;
  const released = { method, params: { type: 'mouseReleased', ...data } };
  return {
    what: `${method} ${data.button}`,
    letsGo: type === 'mousePressed' ? released : undefined,
  };
}

function keyStep(type: string | undefined, params: unknown): Step | undefined {
  const { data } = Key.safeParse(params);
  if (!data || type === undefined || type === 'char') return undefined;
  const name = data.code ?? data.key ?? data.windowsVirtualKeyCode;
  const released = { method: KEY, params: { type: 'keyUp', ...data } };
  return { what: `key ${name}`, letsGo: type === 'keyUp' ? undefined : released };
}

/** The last finger that is lifted has `touchEnd` without points, as all others do in Chromium. */
function touchStep(type: string | undefined): Step | undefined {
  if (type === undefined || type === 'touchMove') return undefined;
  const released = { method: TOUCH, params: { type: 'touchCancel', touchPoints: [] } };
  return { what: 'touch', letsGo: type === 'touchStart' ? released : undefined };
}

function dragStep(type: string | undefined, params: unknown): Step | undefined {
  const { data: at } = Point.safeParse(params);
  if (!at || type === undefined) return undefined;
  const data = { items: [], dragOperationsMask: 0 };
  const released = { method: DRAG, params: { type: 'dragCancel', ...at, data } };
  return {
    what: 'drag',
    letsGo: type.startsWith('drag') && type !== 'dragCancel' ? released : undefined,
  };
}
