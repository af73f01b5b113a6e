import type { Transport } from 'chromium-bidi/out/Default/gen/src/utils/transport.js';
import type { WebSocket } from 'ws';
import { z } from 'zod';

/** Makes the browser tell of the pages and frames below a target, by events before the answer. */
const ATTACH = 'Target.setAutoAttach';
/** Asks for a page's frames; a page that shows a dialog does not answer. */
const FRAMES = 'Page.getFrameTree';
const FRAMES_MAX_MS = 2000;

const Command = z.object({ id: z.int(), method: z.string() });
const Answer = z.object({ id: z.int() });

/** The connection that the translation to CDP reads and writes. */
export class CdpTransport implements Transport {
  readonly #cdp: WebSocket;
  readonly #known = Promise.withResolvers<void>();
  /** Open commands about pages and frames, by id; undefined once these are known. */
  #asked: Map<number, string> | undefined = new Map();
  #timer: NodeJS.Timeout | undefined;

  constructor(cdp: WebSocket) {
    this.#cdp = cdp;
  }

  /** Settles when the browser has told of all pages and frames that there are, or has gone. */
  get known(): Promise<void> {
    return this.#known.promise;
  }

  setOnMessage(onMessage: (json: string) => Promise<void> | void): void {
    this.#cdp.on('message', (data: Buffer) => {
      const json = data.toString();
      try {
        void onMessage(json);
        if (this.#asked) this.#note(this.#asked, Answer.safeParse(JSON.parse(json)).data?.id);
      } catch {
        this.#cdp.terminate();
      }
    });
    this.#cdp.once('close', () => this.#known.reject(new Error('the browser has gone')));
  }

  sendMessage(json: string): void {
    if (this.#asked) {
      const { id, method } = Command.parse(JSON.parse(json));
      if (method === ATTACH || method === FRAMES) this.#asked.set(id, method);
    }
    this.#cdp.send(json);
  }

  /** Before an answer gets here, the translation has asked new targets for what is below them. */
  #note(asked: Map<number, string>, id: number | undefined): void {
    if (id === undefined || !asked.delete(id)) return;
    const open = [...asked.values()];
    if (open.length === 0) this.#settle();
    else if (!open.includes(ATTACH)) {
      this.#timer ??= setTimeout(() => this.#settle(), FRAMES_MAX_MS);
    }
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#asked = undefined;
    this.#known.resolve();
  }

  close(): void {
    this.#cdp.terminate();
  }
}
