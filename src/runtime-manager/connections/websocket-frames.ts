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

/** What is taken out of a stream is held whole. */
const TAKEN_MAX_BYTES = 1024 * 1024;

interface FrameHeader {
  final: boolean;
  opcode: number;
  headerBytes: number;
  payloadBytes: number;
}

/** The header at the start of `bytes`, or undefined when more bytes are needed to tell. */
function readHeader(bytes: Buffer): FrameHeader | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  const masked = (second & 0x80) !== 0;
  const short = second & 0x7f;
  const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
  const headerBytes = 2 + lengthBytes + (masked ? 4 : 0);
  if (bytes.length < headerBytes) return undefined;
  const payloadBytes =
    short === 127
      ? Number(bytes.readBigUInt64BE(2))
      : short === 126
        ? bytes.readUInt16BE(2)
        : short;
  return { final: (first & 0x80) !== 0, opcode: first & 0x0f, headerBytes, payloadBytes };
}

/** Collects the whole messages of a client from the chunks they come in. */
export class ClientMessageReader {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #needed = 2;
  #fragments: ClientMessage[] = [];
  #fragmentBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Throws FrameError for frames that are malformed or too large. */
  *read(chunk: Buffer): Generator<ClientMessage> {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= this.#needed) {
      const bytes = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
      if (bytes === undefined) return;
      const frame = this.#frameAt(bytes);
      const rest = frame ? bytes.subarray(frame.raw.length) : bytes;
      this.#chunks = [rest];
      this.#bytes = rest.length;
      if (!frame) return;
      const message = this.#join(frame);
      if (message) yield message;
    }
  }

  #frameAt(bytes: Buffer): (ClientMessage & { final: boolean }) | undefined {
    const header = readHeader(bytes);
    this.#needed = header ? header.headerBytes + header.payloadBytes : bytes.length + 1;
    if (!header) return undefined;
    if ((bytes[1] ?? 0) < 0x80) throw new FrameError(1002, 'a frame of a client is not masked');
    if ((bytes[0] ?? 0) & 0x70) throw new FrameError(1002, 'a frame has bits nobody agreed on');
    if (this.#fragmentBytes + header.payloadBytes > this.#maxBytes) {
      throw new FrameError(1009, `a message has more than ${this.#maxBytes} bytes`);
    }
    if (bytes.length < this.#needed) return undefined;
    const raw = bytes.subarray(0, this.#needed);
    this.#needed = 2;
    return { ...header, raw, payload: unmask(raw, header.headerBytes) };
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

/** Word by word, several times faster than byte by byte. Every platform of ours is little-endian. */
function unmask(raw: Buffer, headerBytes: number): Buffer {
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
    const bytes = chunk.subarray(at, at + 14);
    const header = readHeader(bytes);
    if (header) return at + this.#enter(header);
    this.#header = Buffer.from(bytes);
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
