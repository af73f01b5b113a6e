import { OPCODE, readHeader } from './websocket-frames.ts';

/** What is taken out of a stream is held whole. */
const TAKEN_MAX_BYTES = 1024 * 1024;

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
