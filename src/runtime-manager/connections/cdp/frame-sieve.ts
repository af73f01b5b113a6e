import { OPCODE, readHeader, serverFrame } from '../websocket/websocket-frames.ts';

/** A larger message is never taken out of a stream, since it would have to be held whole. */
const TAKEN_MAX_BYTES = 1024 * 1024;

const NOTHING = Buffer.alloc(0);

/**
 * Takes messages out of a server's stream of frames, or puts others in their place; what is left is
 * still a stream of frames.
 */
export class FrameSieve {
  readonly #startBytes: number;
  readonly #isTaken: (start: Buffer) => boolean;
  readonly #take: (payload: Buffer) => Buffer | undefined;
  /** The bytes of a message that is not decided on yet, or that is taken. */
  #held: Buffer = NOTHING;
  #passing = 0;

  /**
   * `isTaken` decides by the first `startBytes` of a message, or by all of a shorter one. `take`
   * may return a text to pass in the message's place.
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
