/** A key of the US layout: what events say of it, and which finger presses it. */
export interface Key {
  /** https://www.w3.org/TR/uievents-code/ */
  code: string;
  /** As Windows numbers it. */
  keyCode: number;
  shift: boolean;
  finger: Finger | undefined;
}

/** From the left little finger, 0, to the right one, 9; thumbs are 4 and 5. */
export type Finger = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** Which keys a touch typist presses by which finger. */
const BY_FINGER: readonly (readonly [Finger, string])[] = [
  [0, '1qaz'],
  [1, '2wsx'],
  [2, '3edc'],
  [3, '45rtfgvb'],
  [4, ' '],
  [6, '67yuhjnm'],
  [7, '8ik,'],
  [8, '9ol.'],
  [9, "0p;/-['=]\\`"],
];

const SYMBOLS: readonly (readonly [lower: string, upper: string, code: string, keyCode: number])[] =
  [
    ['-', '_', 'Minus', 189],
    ['=', '+', 'Equal', 187],
    ['[', '{', 'BracketLeft', 219],
    [']', '}', 'BracketRight', 221],
    ['\\', '|', 'Backslash', 220],
    [';', ':', 'Semicolon', 186],
    ["'", '"', 'Quote', 222],
    [',', '<', 'Comma', 188],
    ['.', '>', 'Period', 190],
    ['/', '?', 'Slash', 191],
    ['`', '~', 'Backquote', 192],
  ];

const OVER_DIGITS = ')!@#$%^&*(';

const KEYS = layOut();

/** The key that writes a character; undefined: the layout has none. */
export function keyFor(character: string): Key | undefined {
  return KEYS.get(character);
}

function layOut(): Map<string, Key> {
  const fingers = new Map(
    BY_FINGER.flatMap(([finger, keys]) => keys.split('').map((key) => [key, finger] as const)),
  );
  const keys = new Map<string, Key>();
  const add = (lower: string, upper: string | undefined, code: string, keyCode: number) => {
    const key = { code, keyCode, finger: fingers.get(lower) };
    keys.set(lower, { ...key, shift: false });
    if (upper !== undefined) keys.set(upper, { ...key, shift: true });
  };
  for (const letter of 'abcdefghijklmnopqrstuvwxyz') {
    const upper = letter.toUpperCase();
    add(letter, upper, `Key${upper}`, upper.charCodeAt(0));
  }
  for (const [digit, upper] of OVER_DIGITS.split('').entries()) {
    add(String(digit), upper, `Digit${digit}`, 48 + digit);
  }
  for (const symbol of SYMBOLS) add(...symbol);
  add(' ', undefined, 'Space', 32);
  return keys;
}
