/** A message as it crosses a bus: JSON, and nothing at all for `undefined`. Throws when it is too large. */
export function encode(subject: string, message: unknown, mostBytes: number): Uint8Array {
  const data = Buffer.from(message === undefined ? '' : JSON.stringify(message));
  if (data.length <= mostBytes) return data;
  throw new RangeError(
    `${subject}: the message has ${data.length} bytes, and the bus carries ${mostBytes} at most`,
  );
}

/** Throws a SyntaxError that does not cite the message, which may hold secrets, when it is no JSON. */
export function decode(data: Uint8Array): unknown {
  if (data.length === 0) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(data));
  } catch {
    throw new SyntaxError('the message is not JSON');
  }
}
