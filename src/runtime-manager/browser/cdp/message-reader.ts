const END = 0;
/** A page can make events of any size; larger ones are passed over. */
const MESSAGE_MAX_BYTES = 16 * 1024 ** 2;
/** Tells what a message is. */
const START_BYTES = 128;

export interface MessageListeners {
  message: (message: Buffer) => void;
  /** A message was too large; this is how it begins. */
  passedOver: (start: Buffer) => void;
}

/** Puts together the messages of a stream, in which a NUL byte ends each message. */
export class MessageReader {
  /** How large a message may be. */
  mostBytes = MESSAGE_MAX_BYTES;
  readonly #tell: MessageListeners;
  #chunks: Buffer[] = [];
  #receivedBytes = 0;
  #isPassedOver = false;

  constructor(tell: MessageListeners) {
    this.#tell = tell;
  }

  take(chunk: Buffer): void {
    let begin = 0;
    for (let end = chunk.indexOf(END); end >= 0; end = chunk.indexOf(END, begin)) {
      this.#keep(chunk.subarray(begin, end));
      begin = end + 1;
      this.#complete();
    }
    if (begin < chunk.length) this.#keep(chunk.subarray(begin));
  }

  #keep(bytes: Buffer): void {
    if (this.#isPassedOver) return;
    this.#receivedBytes += bytes.length;
    this.#chunks.push(bytes);
    if (this.#receivedBytes <= this.mostBytes) return;
    this.#isPassedOver = true;
    this.#chunks = [Buffer.from(Buffer.concat(this.#chunks).subarray(0, START_BYTES))];
  }

  #complete(): void {
    const isWhole = !this.#isPassedOver;
    const [first, ...others] = this.#chunks;
    this.#chunks = [];
    this.#receivedBytes = 0;
    this.#isPassedOver = false;
    if (!first) return;
    if (!isWhole) this.#tell.passedOver(first);
    else this.#tell.message(others.length === 0 ? first : Buffer.concat([first, ...others]));
  }
}
