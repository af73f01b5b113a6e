import { HARMLESS } from './cdp-commands.ts';

const KEY = '"method"';
/** JSON's whitespace; a message whose value stands further away is read whole. */
const VALUE = /^[ \t\r\n]*:[ \t\r\n]*"([A-Za-z]+\.[A-Za-z]+)"/;
const VALUE_WITHIN = 128;
/** The escapes that can stand for a letter. */
const ESCAPES = ['\\u', '\\x'];

const QUOTE = '"'.charCodeAt(0);
const BACKSLASH = '\\'.charCodeAt(0);
const SLASH = '/'.charCodeAt(0);
const BRACE = '{'.charCodeAt(0);
const BRACE_END = '}'.charCodeAt(0);
const BRACKET = '['.charCodeAt(0);
const BRACKET_END = ']'.charCodeAt(0);

/**
 * Whether a message can only be a harmless command, or no command at all, so that it passes as it
 * came: a name that needs no judging follows the first `"method"`, any other `"method"` is inside
 * the parameters, and no escape could spell one. Looks for a few bytes, however large the message is.
 */
export function isHarmlessUnread(payload: Buffer): boolean {
  if (payload[0] !== BRACE) return false;
  const at = payload.indexOf(KEY, 0, 'latin1');
  if (at < 0) return false;
  const after = at + KEY.length;
  const [, method] = VALUE.exec(payload.toString('latin1', after, after + VALUE_WITHIN)) ?? [];
  if (method === undefined || !HARMLESS.has(method)) return false;
  if (ESCAPES.some((escape) => payload.includes(escape, 0, 'latin1'))) return false;
  return !payload.includes(KEY, after, 'latin1') || isOnlyOuter(payload, at);
}

/**
 * Whether the first of several `"method"` is the only one outside of inner objects. False where a
 * comment could begin, since nothing here knows where a comment ends.
 */
function isOnlyOuter(payload: Buffer, first: number): boolean {
  let depth = 0;
  for (let at = 0; at < payload.length; at++) {
    const byte = payload[at];
    if (byte === QUOTE) {
      const end = endOfString(payload, at);
      const isMethod =
        depth === 1 &&
        end - at === KEY.length - 1 &&
        payload.toString('latin1', at, end + 1) === KEY;
      if (isMethod !== (at === first)) return false;
      at = end;
    } else if (byte === BRACE || byte === BRACKET) depth++;
    else if (byte === BRACE_END || byte === BRACKET_END) depth--;
    else if (byte === SLASH) return false;
  }
  return true;
}

function endOfString(payload: Buffer, start: number): number {
  let at = start + 1;
  while (at < payload.length && payload[at] !== QUOTE) at += payload[at] === BACKSLASH ? 2 : 1;
  return at;
}
