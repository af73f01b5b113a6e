/** Just enough of RFC 6455 to look into a stream of frames without taking it apart. */

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A message of a client: how it came (`raw`) and what it says (`payload`, unmasked). */
export interface ClientMessage {
  opcode: number;
  raw: Buffer;
  payload: Buffer;
}

/** What a peer must not send. `code` is the one to close the connection with. */
export class FrameError extends Error {
  readonly code: 1002 | 1009;

  constructor(code: 1002 | 1009, message: string) {
    super(message);
    this.code = code;
  }
}

/** What keeping a fragment takes beside its payload: empty ones are not free. */
const FRAGMENT_COST = 1024;

const NOTHING = Buffer.alloc(0);

/** Up to here an array of words costs more to make than it saves. */
const SHORT_BYTES = 512;

/** What is taken out of a stream is held whole. */
const TAKEN_MAX_BYTES = 1024 * 1024;

interface FrameHeader {
  final: boolean;
  opcode: number;
  headerBytes: number;
  payloadBytes: number;
}

/** The header at a place in `bytes`, or undefined when more bytes are needed to tell. */
function readHeader(bytes: Buffer, at = 0): FrameHeader | undefined {
  // Not taken apart by a pattern, which would go by an iterator: every message passes here.
  const first = bytes[at];
  const second = bytes[at + 1];
  if (first === undefined || second === undefined) return undefined;
  const short = second & 0x7f;
  const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
  const headerBytes = 2 + lengthBytes + (second & 0x80 ? 4 : 0);
  if (bytes.length - at < headerBytes) return undefined;
  const payloadBytes =
    short === 127
      ? Number(bytes.readBigUInt64BE(at + 2))
      : short === 126
        ? bytes.readUInt16BE(at + 2)
        : short;
  return { final: (first & 0x80) !== 0, opcode: first & 0x0f, headerBytes, payloadBytes };
}

/** Collects the whole messages of a client from the chunks they come in. */
export class ClientMessageReader {
  readonly #maxBytes: number;
  /** Of a frame that is not whole yet. */
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

  /** Joined only when there are as many as a frame needs, or each chunk of a large one would be copied anew. */
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

/** Several times faster than byte by byte, once there is enough. Every platform of ours is little-endian. */
function unmaskByWords(raw: Buffer, headerBytes: number): Buffer {
  const mask = raw.readInt32LE(headerBytes - 4);
  const length = raw.length - headerBytes;
  const words = new Int32Array((length + 3) >> 2);
  const payload = Buffer.from(words.buffer, 0, length);
  raw.copy(payload, 0, headerBytes);
  for (let at = 0; at < words.length; at++) words[at] = (words[at] ?? 0) ^ mask;
  return payload;
}

/** Follows a stream of frames by their headers alone, to know where something can be put between. */
export class FrameBoundaries {
  #header = Buffer.alloc(0);
  #payloadLeft = 0;
  #message = false;
  #closed = false;

  /** Whether a close frame has come: nothing follows it. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the stream stands between two messages. */
  get between(): boolean {
    return this.#payloadLeft === 0 && this.#header.length === 0 && !this.#message;
  }

  /** Takes the next bytes; returns the last offset in them that lies between messages, or -1. */
  follow(chunk: Buffer): number {
    let last = this.between ? 0 : -1;
    let at = 0;
    while (at < chunk.length) {
      if (this.#payloadLeft > 0) {
        const passed = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= passed;
        at += passed;
      } else {
        at = this.#header.length > 0 ? this.#resume(chunk, at) : this.#begin(chunk, at);
      }
      if (this.between) last = at;
    }
    return last;
  }

  #begin(chunk: Buffer, at: number): number {
    const header = readHeader(chunk, at);
    if (header) return at + this.#enter(header);
    this.#header = Buffer.from(chunk.subarray(at));
    return chunk.length;
  }

  #resume(chunk: Buffer, at: number): number {
    const bytes = Buffer.concat([this.#header, chunk.subarray(at, at + 1)]);
    const header = readHeader(bytes);
    this.#header = header ? Buffer.alloc(0) : bytes;
    if (header) this.#enter(header);
    return at + 1;
  }

  #enter({ headerBytes, payloadBytes, opcode, final }: FrameHeader): number {
    this.#payloadLeft = payloadBytes;
    if (opcode < OPCODE.close) this.#message = !final;
    if (opcode === OPCODE.close) this.#closed = true;
    return headerBytes;
  }
}

/** Takes messages out of a stream of frames of a server; what is left is a stream of frames still. */
export class FrameSieve {
  readonly #startBytes: number;
  readonly #isTaken: (start: Buffer) => boolean;
  readonly #take: (payload: Buffer) => void;
  /** Of a message that it cannot be told of yet, or that is taken. */
  #held = Buffer.alloc(0);
  #passing = 0;

  /** `isTaken` decides by the first bytes of a text, all of it or `startBytes` at least. */
  constructor(
    startBytes: number,
    isTaken: (start: Buffer) => boolean,
    take: (payload: Buffer) => void,
  ) {
    this.#startBytes = startBytes;
    this.#isTaken = isTaken;
    this.#take = take;
  }

  /** Takes the next bytes; returns those that pass. */
  sift(chunk: Buffer): Buffer {
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    const passed: Buffer[] = [];
    let at = 0;
    for (;;) {
      const end = Math.min(bytes.length, at + this.#passing);
      if (end > at) passed.push(bytes.subarray(at, end));
      this.#passing -= end - at;
      at = end;
      const frame = this.#frameAt(bytes.subarray(at));
      if (!frame) break;
      if (frame.isTaken) {
        this.#take(bytes.subarray(at + frame.headerBytes, at + frame.bytes));
        at += frame.bytes;
      } else {
        this.#passing = frame.bytes;
      }
    }
    this.#held = Buffer.from(bytes.subarray(at));
    const [only = Buffer.alloc(0)] = passed;
    return passed.length < 2 ? only : Buffer.concat(passed);
  }

  /** Undefined when more bytes are needed. */
  #frameAt(bytes: Buffer) {
    const header = readHeader(bytes);
    if (!header) return undefined;
    const { headerBytes, payloadBytes, opcode, final } = header;
    const frame = { headerBytes, bytes: headerBytes + payloadBytes };
    const startEnd = headerBytes + Math.min(this.#startBytes, payloadBytes);
    if (opcode !== OPCODE.text || !final) return { ...frame, isTaken: false };
    if (bytes.length < startEnd) return undefined;
    const isTaken =
      payloadBytes <= TAKEN_MAX_BYTES && this.#isTaken(bytes.subarray(headerBytes, startEnd));
    return isTaken && bytes.length < frame.bytes ? undefined : { ...frame, isTaken };
  }
}

/** A frame as a server sends it. */
export function serverFrame(opcode: number, payload: Buffer): Buffer {
  return Buffer.concat([headerOf(opcode, payload.length, 0), payload]);
}

export function closeFrame(code: number, reason: string): Buffer {
  const text = Buffer.from(reason, 'utf8').subarray(0, 123);
  const payload = Buffer.alloc(2 + text.length);
  payload.writeUInt16BE(code);
  text.copy(payload, 2);
  return serverFrame(OPCODE.close, payload);
}

/** A text frame as a client sends it; a mask of zeros leaves the payload as it is. */
export function clientTextFrame(payload: Buffer): Buffer {
  return Buffer.concat([headerOf(OPCODE.text, payload.length, 0x80), Buffer.alloc(4), payload]);
}

function headerOf(opcode: number, payloadBytes: number, maskBit: 0 | 0x80): Buffer {
  const first = 0x80 | opcode;
  if (payloadBytes < 126) return Buffer.from([first, maskBit | payloadBytes]);
  if (payloadBytes < 0x10000) {
    return Buffer.from([first, maskBit | 126, payloadBytes >> 8, payloadBytes & 0xff]);
  }
  const header = Buffer.alloc(10);
  header.writeUInt8(first, 0);
  header.writeUInt8(maskBit | 127, 1);
  header.writeBigUInt64BE(BigInt(payloadBytes), 2);
  return header;
}
