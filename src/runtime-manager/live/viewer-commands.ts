import type { InputMessage } from './messages.ts';

/** https://chromedevtools.github.io/devtools-protocol/tot/Input/ */
export interface InputCommand {
  method: `Input.${string}`;
  params: Record<string, unknown>;
}

type Said<T extends InputMessage['t']> = Extract<InputMessage, { t: T }>;

const MOUSE = { move: 'mouseMoved', down: 'mousePressed', up: 'mouseReleased' } as const;
const TOUCH = {
  start: 'touchStart',
  move: 'touchMove',
  end: 'touchEnd',
  cancel: 'touchCancel',
} as const;
/** Which may be two code units. */
const ONE_CHARACTER = /^.$/su;
/** The bits of `MouseEvent.buttons`. */
const BUTTONS = { left: 1, right: 2, middle: 4, back: 8, forward: 16 } as const;
const CTRL = 2;
const SHIFT = 8;
const ALT_OR_META = 1 | 4;
const NUMPAD = 3;

/**
 * What Chromium's menus do, which only commands bring about; the keys alone do the rest.
 * https://source.chromium.org/chromium/chromium/src/+/main:third_party/blink/renderer/core/editing/commands/editor_command_names.h
 */
const EDITING: Readonly<Record<string, string>> = {
  a: 'selectAll',
  c: 'copy',
  x: 'cut',
  z: 'undo',
  y: 'redo',
};

export function mouseCommand({
  type,
  x,
  y,
  button,
  buttons,
  clicks,
  modifiers,
}: Said<'mouse'>): InputCommand {
  const isMove = type === 'move';
  const clickCount = isMove ? 0 : clicks;
  const which = isMove ? heldButton(buttons) : button;
  const params = { type: MOUSE[type], x, y, button: which, buttons, clickCount, modifiers };
  return { method: 'Input.dispatchMouseEvent', params };
}

/** Chromium drags and selects only by moves that name the button which is held. */
function heldButton(buttons: number): string {
  const [held] = Object.entries(BUTTONS).find(([, bit]) => (buttons & bit) !== 0) ?? [];
  return held ?? 'none';
}

export function wheelCommand({ x, y, deltaX, deltaY, modifiers }: Said<'wheel'>): InputCommand {
  const params = { type: 'mouseWheel', x, y, deltaX, deltaY, modifiers };
  return { method: 'Input.dispatchMouseEvent', params };
}

export function touchCommand({ type, points, modifiers }: Said<'touch'>): InputCommand {
  const params = { type: TOUCH[type], touchPoints: points, modifiers };
  return { method: 'Input.dispatchTouchEvent', params };
}

export function keyCommand(said: Said<'key'>): InputCommand {
  const { type, key, code, keyCode, location, isRepeat, modifiers } = said;
  const text = type === 'down' ? textOf(said) : undefined;
  const command = type === 'down' ? editingCommand(said) : undefined;
  const down = text === undefined ? 'rawKeyDown' : 'keyDown';
  return {
    method: 'Input.dispatchKeyEvent',
    params: {
      type: type === 'up' ? 'keyUp' : down,
      key,
      code,
      windowsVirtualKeyCode: keyCode,
      location: location === NUMPAD ? 0 : location,
      isKeypad: location === NUMPAD,
      autoRepeat: isRepeat,
      modifiers,
      ...(text !== undefined && { text }),
      ...(command !== undefined && { commands: [command] }),
    },
  };
}

/** Whether a key copies what is selected. */
export function copies(said: Said<'key'>): boolean {
  const command = said.type === 'down' ? editingCommand(said) : undefined;
  return command === 'copy' || command === 'cut';
}

/** A key that is pressed and let go. */
export function pressed(key: { key: string; keyCode: number }, modifiers = 0): Said<'key'>[] {
  const common = {
    t: 'key',
    code: key.key,
    location: 0,
    isRepeat: false,
    modifiers,
    ...key,
  } as const;
  return [
    { ...common, type: 'down' },
    { ...common, type: 'up' },
  ];
}

/** What a key types; undefined for one that types nothing. */
function textOf({ key, modifiers }: Said<'key'>): string | undefined {
  if ((modifiers & (CTRL | ALT_OR_META)) !== 0) return undefined;
  if (key === 'Enter') return '\r';
  return ONE_CHARACTER.test(key) ? key : undefined;
}

function editingCommand({ key, modifiers }: Said<'key'>): string | undefined {
  if ((modifiers & CTRL) === 0 || (modifiers & ALT_OR_META) !== 0) return undefined;
  const letter = key.toLowerCase();
  if ((modifiers & SHIFT) !== 0) return letter === 'z' ? 'redo' : undefined;
  return EDITING[letter];
}
