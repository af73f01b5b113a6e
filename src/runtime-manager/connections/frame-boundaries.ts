import { OPCODE, readHeader, type FrameHeader } from './websocket-frames.ts';

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
