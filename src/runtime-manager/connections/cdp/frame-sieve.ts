import { OPCODE, readHeader, serverFrame } from '../websocket/websocket-frames.ts';

/** What is taken out of a stream is held whole. */
const TAKEN_MAX_BYTES = 1024 * 1024;

const NOTHING = Buffer.alloc(0);

/**
 * Takes messages out of a stream of frames of a server, or puts others in their place; what is left
 * is a stream of frames still.
 */
export class FrameSieve {
  readonly #startBytes: number;
  readonly #isTaken: (start: Buffer) => boolean;
  readonly #take: (payload: Buffer) => Buffer | undefined;
  /** Of a message that it cannot be told of yet, or that is taken. */
  #held: Buffer = NOTHING;
  #passing = 0;

  /**
   * `isTaken` decides by the first bytes of a text, all of it or `startBytes` at least. `take` may
   * return a text to pass in its place.
   */
  constructor(
    startBytes: number,
    isTaken: (start: Buffer) => boolean,
    take: (payload: Buffer) => Buffer | undefined,
  ) {
    this.#startBytes = startBytes;
    this.#isTaken = isTaken;
    this.#take = take;
  }

  /** Takes the next bytes; returns those that pass. */
  sift(chunk: Buffer): Buffer {
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    const passed: Buffer[] = [];
    let from = 0;
    let at = 0;
    for (;;) {
      const end = Math.min(bytes.length, at + this.#passing);
      this.#passing -= end - at;
      at = end;
      const frame = this.#frameAt(bytes.subarray(at));
      if (!frame) break;
      if (frame.isTaken) {
        if (at > from) passed.push(bytes.subarray(from, at));
        const instead = this.#take(bytes.subarray(at + frame.headerBytes, at + frame.bytes));
        if (instead) passed.push(serverFrame(OPCODE.text, instead));
        at += frame.bytes;
        from = at;
      } else {
        this.#passing = frame.bytes;
      }
    }
    if (at > from) passed.push(bytes.subarray(from, at));
    this.#held = at < bytes.length ? Buffer.from(bytes.subarray(at)) : NOTHING;
    const [only = NOTHING] = passed;
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
