import { setTimeout as delay } from 'node:timers/promises';
import type { CdpSession } from '../browser/cdp/cdp-session.ts';
import { readFrame } from './frame.ts';
import { toPicture, type Picture, type PictureFacts } from './picture.ts';

export interface CastShape {
  quality: number;
  /** Larger pages are made smaller; undefined: pages are as large as they are. */
  maxWidth: number | undefined;
}

/** Chromium says so of a page that was only just opened. */
const ATTEMPTS = 20;
const AGAIN_MS = 50;
/** Some 30 pictures a second: more only cost. */
const PACE_MS = 28;
const REST_MS = 350;
/** A caret that blinks comes to rest again and again. */
const REST_AGAIN_MS = 2000;
const SHARP_QUALITY = 90;

/** Whoever is shown a cast. */
export interface CastListener {
  /** The number of the tab, which its pictures carry. */
  readonly turn: number;
  /** A new picture. */
  picture(picture: Picture): void;
  /** Whether another picture could be shown now. */
  readonly isReady: () => boolean;
}

/**
 * The pictures of one page, one after the other as they can be shown: Chromium makes the next one only
 * when somebody is ready for it. A page at rest is shown once more, sharp.
 */
export class Cast implements Disposable {
  readonly #session: CdpSession;
  readonly #shape: CastShape;
  readonly #listener: CastListener;
  /** Chromium waits for this to be acknowledged. */
  #unacknowledged: number | undefined;
  #lastAtMs = 0;
  #lastSharpMs = -Infinity;
  #taken = 0;
  #last: Picture | undefined;
  /** As Chromium sent the last picture. */
  #lastData: Buffer | undefined;
  #pace: NodeJS.Timeout | undefined;
  #rest: NodeJS.Timeout | undefined;

  private constructor(session: CdpSession, shape: CastShape, listener: CastListener) {
    this.#session = session;
    this.#shape = shape;
    this.#listener = listener;
    session.onBytes('Page.screencastFrame', (message) => this.#frame(message));
  }

  /** The session is the cast's own, and ends with it. Throws when Chromium refuses, or the page goes. */
  static async start(session: CdpSession, shape: CastShape, listener: CastListener): Promise<Cast> {
    using stack = new DisposableStack();
    const cast = stack.use(new Cast(session, shape, listener));
    await cast.#begin();
    stack.move();
    return cast;
  }

  /** Begins again after the process of the page has crashed, for which Chromium stops no cast. */
  async restart(): Promise<void> {
    // A failure means that it is stopped already.
    await this.#session.send('Page.stopScreencast', {}).catch(() => undefined);
    // The page may look as before, and is shown all the same.
    this.#lastData = undefined;
    await this.#begin();
  }

  async #begin(): Promise<void> {
    const { quality, maxWidth } = this.#shape;
    const size = maxWidth === undefined ? {} : { maxWidth, maxHeight: 4 * maxWidth };
    const pace = { maxFramesInFlight: 1, sendLastFrame: true };
    const params = { format: 'jpeg', quality, ...pace, ...size } as const;
    for (let attempt = 1; ; attempt++) {
      try {
        this.#unacknowledged = undefined;
        await this.#session.send('Page.startScreencast', params);
        return;
      } catch (error) {
        if (attempt === ATTEMPTS || this.#session.gone.aborted) throw error;
        await delay(AGAIN_MS);
      }
    }
  }

  /** The picture that was taken last. */
  get last(): Picture | undefined {
    return this.#last;
  }

  /** Somebody may be ready for the next picture. */
  goOn(): void {
    if (this.#unacknowledged === undefined || this.#pace || !this.#listener.isReady()) return;
    const waitMs = this.#lastAtMs + PACE_MS - performance.now();
    if (waitMs <= 0) return this.#acknowledge();
    this.#pace = setTimeout(() => {
      this.#pace = undefined;
      this.#acknowledge();
    }, waitMs).unref();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#pace);
    clearTimeout(this.#rest);
    this.#session[Symbol.dispose]();
  }

  #acknowledge(): void {
    const sessionId = this.#unacknowledged;
    if (sessionId === undefined) return;
    this.#unacknowledged = undefined;
    this.#session.send('Page.screencastFrameAck', { sessionId }).catch(() => undefined);
  }

  #frame(message: Buffer): void {
    const frame = readFrame(message);
    if (!frame) return;
    const { deviceWidth, deviceHeight, timestamp } = frame.metadata;
    this.#unacknowledged = frame.sessionId;
    this.#lastAtMs = performance.now();
    // Each screenshot, whoever takes it, makes Chromium send a picture of a page that has not changed.
    if (this.#lastData?.equals(frame.data)) return this.goOn();
    this.#lastData = frame.data;
    const facts = {
      width: Math.round(deviceWidth),
      height: Math.round(deviceHeight),
      takenAtMs: timestamp === undefined ? Date.now() : timestamp * 1000,
      isSharp: false,
      turn: this.#listener.turn,
    };
    this.#show(facts, frame.data);
    this.#awaitRest();
  }

  #show(facts: PictureFacts, base64: Buffer): void {
    this.#taken++;
    const picture = toPicture(facts, base64);
    this.#last = picture;
    this.#listener.picture(picture);
    this.goOn();
  }

  #awaitRest(): void {
    clearTimeout(this.#rest);
    if (this.#shape.maxWidth !== undefined) return;
    const again = this.#lastSharpMs + REST_AGAIN_MS - performance.now();
    this.#rest = setTimeout(() => void this.#sharpen(), Math.max(REST_MS, again)).unref();
  }

  /** Also shows lists and pickers of Chromium's own, which no cast has. */
  async #sharpen(): Promise<void> {
    const [before, last] = [this.#taken, this.#last];
    this.#lastSharpMs = performance.now();
    const params = { format: 'webp', quality: SHARP_QUALITY, optimizeForSpeed: true } as const;
    try {
      const { data } = await this.#session.send('Page.captureScreenshot', params);
      // Another picture may have come meanwhile, and is newer.
      if (!last || this.#taken !== before || this.#session.gone.aborted) return;
      const { width, height, turn } = last;
      const facts = { width, height, turn, takenAtMs: Date.now(), isSharp: true };
      this.#show(facts, Buffer.from(data, 'latin1'));
    } catch {
      // The page went away, or shows a dialog.
    }
  }
}
