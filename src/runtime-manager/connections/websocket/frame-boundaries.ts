import { OPCODE, readHeader, type FrameHeader } from './websocket-frames.ts';

/** The length of the masking key, which is the end of the header of a client's frame. */
const MASK_BYTES = 4;

/** Hears how messages of text begin. */
export interface StartListener {
  /** How much of a message is wanted; a shorter fragment or message is told whole. */
  bytes: number;
  /** The first bytes, unmasked. */
  heard: (start: Buffer) => void;
}

/**
 * Follows a stream of frames by their headers alone, to know where a frame can be put between, and
 * how messages begin.
 */
export class FrameBoundaries {
  readonly #listener: StartListener | undefined;
  #header = Buffer.alloc(0);
  #payloadLeft = 0;
  #message = false;
  #closed = false;
  /** How many bytes are missing from the start of a message that is being collected. */
  #startLeft = 0;
  #start = Buffer.alloc(0);
  #mask: Buffer | undefined;

  constructor(listener?: StartListener) {
    this.#listener = listener;
  }

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
        if (this.#startLeft > 0) this.#collect(chunk, at, passed);
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
    if (header) {
      const end = at + header.headerBytes;
      this.#enter(header, chunk, end);
      return end;
    }
    this.#header = Buffer.from(chunk.subarray(at));
    return chunk.length;
  }

  #resume(chunk: Buffer, at: number): number {
    const bytes = Buffer.concat([this.#header, chunk.subarray(at, at + 1)]);
    const header = readHeader(bytes);
    this.#header = header ? Buffer.alloc(0) : bytes;
    if (header) this.#enter(header, bytes, bytes.length);
    return at + 1;
  }

  /** `bytes` have the header, which ends at `end`. */
  #enter({ payloadBytes, opcode, final, isMasked }: FrameHeader, bytes: Buffer, end: number): void {
    this.#payloadLeft = payloadBytes;
    if (opcode < OPCODE.close) this.#message = !final;
    if (opcode === OPCODE.close) this.#closed = true;
    if (!this.#listener || opcode !== OPCODE.text) return;
    this.#startLeft = Math.min(this.#listener.bytes, payloadBytes);
    this.#mask = isMasked ? Buffer.from(bytes.subarray(end - MASK_BYTES, end)) : undefined;
  }

  #collect(chunk: Buffer, at: number, passed: number): void {
    const part = chunk.subarray(at, at + Math.min(passed, this.#startLeft));
    this.#startLeft -= part.length;
    const start = this.#start.length > 0 ? Buffer.concat([this.#start, part]) : part;
    if (this.#startLeft > 0) {
      this.#start = Buffer.from(start);
      return;
    }
    this.#start = Buffer.alloc(0);
    this.#listener?.heard(this.#mask ? unmasked(start, this.#mask) : start);
  }
}

function unmasked(bytes: Buffer, mask: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, at) => byte ^ (mask[at % MASK_BYTES] ?? 0)));
}
