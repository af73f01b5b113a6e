import type { Session } from '../session.ts';
import { ALT, CTRL, modifiersOf, SHIFT } from './modifiers.ts';

/** What leaves the picture, for people who use the keyboard alone. */
export const LEAVE_KEYS = 'Control+Alt+ArrowUp';

type Key = KeyboardEvent;

export function isLeave(event: Key): boolean {
  return event.key === 'ArrowUp' && event.ctrlKey && event.altKey;
}

/** The text comes with the event `paste`, which follows only if the key is left alone. */
export function isPaste(event: Key): boolean {
  const held = modifiersOf(event);
  if (event.key === 'Insert') return held === SHIFT;
  return event.key.toLowerCase() === 'v' && (held & ~SHIFT) === CTRL;
}

/** Keys of the viewer's own browser, which no page needs. */
export function isForeign({ key }: Key): boolean {
  return key === 'F11' || key === 'F12';
}

/**
 * Does what these keys do in a browser's window, since the one that is watched has none. Returns
 * whether it did.
 */
export function carryOut(event: Key, session: Session): boolean {
  if (!session.hasControls.peek()) return false;
  const held = modifiersOf(event);
  const key = event.key.toLowerCase();
  if (key === 'f5' || (key === 'r' && (held & ~SHIFT) === CTRL)) {
    session.send({ t: 'reload' });
  } else if (held === ALT && (key === 'arrowleft' || key === 'arrowright')) {
    session.send({ t: 'history', by: key === 'arrowleft' ? -1 : 1 });
  } else if (key === 'l' && held === CTRL) {
    document.getElementById('address')?.focus();
  } else {
    return false;
  }
  return true;
}
