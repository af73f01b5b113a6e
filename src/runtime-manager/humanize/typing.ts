import { keyFor, type Key } from './keyboard-layout.ts';
import type { Persona } from './persona.ts';
import { logNormal, type Random } from './random.ts';

/** The most frequent pairs of letters in English texts. */
const FREQUENT = new Set(
  'th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve me'.split(
    ' ',
  ),
);
/** Thanks to practice, a frequent pair takes this part of an interval. */
const PRACTICE = 0.85;
const INTERVAL_MIN_MS = 30;

/** An event of the keyboard, as `Input.dispatchKeyEvent` takes it, or a character that no key has. */
export type Stroke =
  | { atMs: number; type: 'keyDown' | 'keyUp'; key: string; at: Key | typeof SHIFT; shift: boolean }
  | { atMs: number; type: 'insert'; text: string };

export const SHIFT = { code: 'ShiftLeft', keyCode: 16 } as const;

/**
 * From pressing one key to pressing the next, in ms. The other hand is faster than the same one by
 * 30 to 60 ms, and a frequent pair is faster too (Salthouse 1986). Letters of different hands and
 * fingers distinguish good typists more than repeated letters do (Dhakal et al. 2018). A word begins
 * after a pause, which is sometimes longer.
 */
export function intervalMs(
  previous: string | undefined,
  next: string,
  { typing }: Persona,
  random: Random,
): number {
  const drawn = logNormal(random, typing.intervalMs, typing.intervalSigma);
  const isDoubtful = random() < typing.doubtRate;
  if (previous === undefined) return drawn;
  const pair = (previous + next).toLowerCase();
  const practised = FREQUENT.has(pair) ? drawn * PRACTICE : drawn;
  const reached = practised + reachMs(previous, next, typing.handMs);
  const startsWord = previous === ' ' && next !== ' ';
  const pause = startsWord ? typing.wordMs + (isDoubtful ? typing.doubtMs : 0) : 0;
  return Math.max(INTERVAL_MIN_MS, reached + pause);
}

/** From pressing a key to releasing it, in ms. */
export function dwellMs({ typing }: Persona, random: Random): number {
  return logNormal(random, typing.dwellMs, typing.dwellSigma);
}

function reachMs(previous: string, next: string, handMs: number): number {
  const [one, other] = [keyFor(previous)?.finger, keyFor(next)?.finger];
  if (one === undefined || other === undefined || previous === next) return 0;
  if (one === other) return handMs;
  // A thumb is never in the way of the fingers.
  const areApart = one < 5 !== other < 5 || one === 4 || other === 4;
  return areApart ? -handMs : handMs / 2;
}

/**
 * The strokes that type a text on a US keyboard, in the order of time, within `maxMs`. A key may be
 * pressed before the last one is released, as most people do (rollover, Dhakal et al. 2018). No
 * letter is ever wrong: a page could make of a mistake and its correction what nobody asked for.
 */
export function planText(
  characters: readonly string[],
  maxMs: number,
  persona: Persona,
  random: Random,
): Stroke[] {
  const strokes: Stroke[] = [];
  let previous: string | undefined;
  let pressedAt = 0;
  let freeAt = 0;
  for (const character of characters) {
    const key = keyFor(character);
    if (previous !== undefined) pressedAt += intervalMs(previous, character, persona, random);
    const heldMs = dwellMs(persona, random);
    // Nothing else is written while Shift is down, and a key that is still down is not pressed.
    if (key === undefined || key.shift || previous === character) {
      pressedAt = Math.max(pressedAt, freeAt);
    }
    strokes.push(...strokesOf(character, key, pressedAt, heldMs));
    freeAt = Math.max(freeAt, pressedAt + heldMs);
    if (key?.shift) pressedAt = freeAt;
    previous = character;
  }
  const faster = Math.min(1, maxMs / Math.max(freeAt, pressedAt, 1));
  return strokes
    .map((stroke) => ({ ...stroke, atMs: stroke.atMs * faster }))
    .toSorted((one, other) => one.atMs - other.atMs);
}

function strokesOf(text: string, key: Key | undefined, atMs: number, heldMs: number): Stroke[] {
  if (!key) return [{ atMs, type: 'insert', text }];
  const upAt = atMs + heldMs;
  const { shift } = key;
  const own: Stroke[] = [
    { atMs, type: 'keyDown', key: text, at: key, shift },
    { atMs: upAt, type: 'keyUp', key: text, at: key, shift },
  ];
  if (!shift) return own;
  return [
    { atMs, type: 'keyDown', key: 'Shift', at: SHIFT, shift: true },
    ...own,
    { atMs: upAt, type: 'keyUp', key: 'Shift', at: SHIFT, shift: false },
  ];
}
