const END = 0;
/** A page can make events of any size. */
const MESSAGE_MAX_BYTES = 16 * 1024 ** 2;

/**
 * Puts together the messages of a stream, in which a NUL byte ends each message. Larger messages than
 * `mostBytes` are passed over.
 */
export class MessageReader {
  readonly #read: (message: Buffer) => void;
  readonly #mostBytes: number;
  #chunks: Buffer[] = [];
  #receivedBytes = 0;

  constructor(read: (message: Buffer) => void, mostBytes = MESSAGE_MAX_BYTES) {
    this.#read = read;
    this.#mostBytes = mostBytes;
  }

  take(chunk: Buffer): void {
    let begin = 0;
    for (let end = chunk.indexOf(END); end >= 0; end = chunk.indexOf(END, begin)) {
      this.#keep(chunk.subarray(begin, end));
      begin = end + 1;
      const message = this.#complete();
      if (message) this.#read(message);
    }
    if (begin < chunk.length) this.#keep(chunk.subarray(begin));
  }

  #keep(bytes: Buffer): void {
    this.#receivedBytes += bytes.length;
    if (this.#receivedBytes > this.#mostBytes) this.#chunks = [];
    else this.#chunks.push(bytes);
  }

  /** Undefined: the message was too large. */
  #complete(): Buffer | undefined {
    const isWhole = this.#receivedBytes <= this.#mostBytes;
    const [first, ...others] = this.#chunks;
    this.#chunks = [];
    this.#receivedBytes = 0;
    if (!isWhole || !first) return undefined;
    return others.length === 0 ? first : Buffer.concat([first, ...others]);
  }
}
