import type { ViewerMessage } from '../contract.ts';
import { ALT, CTRL, isMac, modifiersOf } from './modifiers.ts';

type KeyMessage = Extract<ViewerMessage, { t: 'key' }>;
/** A key as the page gets it. */
export type Stroke = Pick<KeyMessage, 'key' | 'code' | 'keyCode' | 'location' | 'modifiers'>;

const KEY_MAX = 50;
/** An input method has the key, or it is a dead one: what they make comes as text. */
const WITHOUT_MEANING = new Set(['Dead', 'Process', 'Unidentified']);
const OF_INPUT_METHOD = 229;
const ONE_CHARACTER = /^.$/su;

const named = (key: string, keyCode: number): Pick<Stroke, 'key' | 'code' | 'keyCode'> => ({
  key,
  code: key,
  keyCode,
});
const HOME = named('Home', 36);
const END = named('End', 35);
export const BACKSPACE: Stroke = { ...named('Backspace', 8), location: 0, modifiers: 0 };
export const DELETE: Stroke = { ...named('Delete', 46), location: 0, modifiers: 0 };
export const ENTER: Stroke = { ...named('Enter', 13), location: 0, modifiers: 0 };

/** How a Mac moves the caret with Command, and how the browser does, which runs on Linux. */
const COMMAND_MOVES: Partial<Record<string, Partial<Stroke>>> = {
  ArrowLeft: { ...HOME, modifiers: 0 },
  ArrowRight: { ...END, modifiers: 0 },
  ArrowUp: { ...HOME, modifiers: CTRL },
  ArrowDown: { ...END, modifiers: CTRL },
};
const OPTION_MOVES = new Set(['ArrowLeft', 'ArrowRight', 'Backspace', 'Delete']);

/** Undefined: the key alone says nothing. */
export function strokeOf(event: KeyboardEvent): Stroke | undefined {
  const { key, code, keyCode, location } = event;
  const isText = event.isComposing || keyCode === OF_INPUT_METHOD || WITHOUT_MEANING.has(key);
  if (isText || key === '' || key.length > KEY_MAX) return undefined;
  const stroke = { key, code, keyCode, location, modifiers: modifiersOf(event) };
  if (isTyped(event)) return { ...stroke, modifiers: stroke.modifiers & ~(ALT | CTRL) };
  return isMac ? asOnLinux(event, stroke) : stroke;
}

/** AltGr, or Option on a Mac, only chose the character. */
function isTyped(event: KeyboardEvent): boolean {
  if (!ONE_CHARACTER.test(event.key)) return false;
  const isOption = isMac && event.altKey && !event.ctrlKey && !event.metaKey;
  return isOption || event.getModifierState('AltGraph');
}

function asOnLinux(event: KeyboardEvent, stroke: Stroke): Stroke {
  if (event.key === 'Meta') {
    const code = event.location === 2 ? 'ControlRight' : 'ControlLeft';
    return { ...stroke, key: 'Control', code, keyCode: 17 };
  }
  const shift = stroke.modifiers & ~(ALT | CTRL);
  const move = event.metaKey ? COMMAND_MOVES[event.key] : undefined;
  if (move) return { ...stroke, ...move, modifiers: shift | (move.modifiers ?? 0) };
  if (event.altKey && OPTION_MOVES.has(event.key)) return { ...stroke, modifiers: shift | CTRL };
  return stroke;
}
