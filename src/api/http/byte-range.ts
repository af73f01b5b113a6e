/** Bytes of a representation, the first and the last one included. */
export interface AskedRange {
  start: number;
  end: number;
}

const ONE_RANGE = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i;

/**
 * What a header `Range` asks of `size` bytes. Undefined: all of them, as also for several ranges, for
 * other units and for what is no range, which a server may ignore.
 * https://www.rfc-editor.org/rfc/rfc9110#name-range
 */
export function parseRange(
  header: string | undefined,
  size: number,
): AskedRange | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = ONE_RANGE.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') return lastBytes(Number(last), size);
  const start = Number(first);
  if (last !== '' && Number(last) < start) return undefined;
  if (start >= size) return 'unsatisfiable';
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}

function lastBytes(count: number, size: number): AskedRange | 'unsatisfiable' | undefined {
  if (count === 0) return 'unsatisfiable';
  // No header can say which bytes of none these are.
  return size === 0 ? undefined : { start: Math.max(0, size - count), end: size - 1 };
}
