import { OPCODE, readHeader } from './websocket-frames.ts';

/** A message of a client: how it came (`raw`) and what it says (`payload`, unmasked). */
export interface ClientMessage {
  opcode: number;
  raw: Buffer;
  payload: Buffer;
}

/** A peer sent what it must not send. `code` is the one to close the connection with. */
export class FrameError extends Error {
  readonly code: 1002 | 1009;

  constructor(code: 1002 | 1009, message: string) {
    super(message);
    this.code = code;
  }
}

/** The bytes that a fragment takes beside its payload: empty fragments are not free. */
const FRAGMENT_COST = 1024;

const NOTHING = Buffer.alloc(0);

/** Up to this size an array of words costs more to make than it saves. */
const SHORT_BYTES = 512;

/** Collects the whole messages of a client from the chunks they come in. */
export class ClientMessageReader {
  readonly #maxBytes: number;
  /** The chunks of a frame that is not whole yet. */
  #chunks: Buffer[] = [];
  #bytes = 0;
  #needed = 0;
  #fragments: ClientMessage[] = [];
  #fragmentBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The messages that end in the next bytes. Throws FrameError for frames that are malformed or too large. */
  read(chunk: Buffer): ClientMessage[] {
    const bytes = this.#withHeld(chunk);
    const messages: ClientMessage[] = [];
    let at = 0;
    for (;;) {
      const frame = this.#frameAt(bytes, at);
      if (!frame) break;
      at += frame.raw.length;
      const message = this.#join(frame);
      if (message) messages.push(message);
    }
    if (at < bytes.length) this.#hold(bytes.subarray(at));
    return messages;
  }

  /** Joins the chunks only once a frame is whole: otherwise each would be copied again and again. */
  #withHeld(chunk: Buffer): Buffer {
    if (this.#bytes === 0) return chunk;
    this.#hold(chunk);
    if (this.#bytes < this.#needed) return NOTHING;
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#bytes = 0;
    return bytes;
  }

  #hold(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  #frameAt(bytes: Buffer, at: number): (ClientMessage & { final: boolean }) | undefined {
    const header = readHeader(bytes, at);
    const left = bytes.length - at;
    if (!header) {
      if (left > 0) this.#needed = left + 1;
      return undefined;
    }
    const { headerBytes, payloadBytes, opcode, final } = header;
    if ((bytes[at + 1] ?? 0) < 0x80)
      throw new FrameError(1002, 'a frame of a client is not masked');
    if ((bytes[at] ?? 0) & 0x70) throw new FrameError(1002, 'a frame has bits nobody agreed on');
    if (this.#fragmentBytes + payloadBytes > this.#maxBytes) {
      throw new FrameError(1009, `a message has more than ${this.#maxBytes} bytes`);
    }
    this.#needed = headerBytes + payloadBytes;
    if (left < this.#needed) return undefined;
    const raw =
      left === bytes.length && left === this.#needed
        ? bytes
        : bytes.subarray(at, at + this.#needed);
    return { final, opcode, raw, payload: unmask(raw, headerBytes) };
  }

  #join(frame: ClientMessage & { final: boolean }): ClientMessage | undefined {
    if (frame.opcode >= OPCODE.close) return frame;
    if ((frame.opcode === OPCODE.continuation) !== this.#fragments.length > 0) {
      throw new FrameError(1002, 'a fragment is out of place');
    }
    if (frame.final && this.#fragments.length === 0) return frame;
    this.#fragments.push(frame);
    this.#fragmentBytes += frame.payload.length + FRAGMENT_COST;
    if (!frame.final) return undefined;
    const parts = this.#fragments;
    this.#fragments = [];
    this.#fragmentBytes = 0;
    return {
      opcode: parts[0]?.opcode ?? OPCODE.text,
      raw: Buffer.concat(parts.map(({ raw }) => raw)),
      payload: Buffer.concat(parts.map(({ payload }) => payload)),
    };
  }
}

function unmask(raw: Buffer, headerBytes: number): Buffer {
  const length = raw.length - headerBytes;
  if (length > SHORT_BYTES) return unmaskByWords(raw, headerBytes);
  const payload = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at++) {
    payload[at] = (raw[headerBytes + at] ?? 0) ^ (raw[headerBytes - 4 + (at & 3)] ?? 0);
  }
  return payload;
}

/** For a long payload several times faster than byte by byte. Our platforms are little-endian. */
function unmaskByWords(raw: Buffer, headerBytes: number): Buffer {
  const mask = raw.readInt32LE(headerBytes - 4);
  const length = raw.length - headerBytes;
  const words = new Int32Array((length + 3) >> 2);
  const payload = Buffer.from(words.buffer, 0, length);
  raw.copy(payload, 0, headerBytes);
  for (let at = 0; at < words.length; at++) words[at] = (words[at] ?? 0) ^ mask;
  return payload;
}
