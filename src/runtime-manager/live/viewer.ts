import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { ServiceMessage } from './messages.ts';
import type { Picture } from './picture.ts';

/** How many pictures may be on their way to a viewer. */
const WINDOW = 2;
/** A viewer with more to read is sent no picture. */
const BUFFERED_MAX_BYTES = 1024 * 1024;
/** A viewer that leaves more unread is gone, or has no good in mind. */
const UNREAD_MAX_BYTES = 16 * 1024 * 1024;
/** Viewers that take so long to draw a picture get smaller ones, until they are fast again. */
const SLOW_MS = 400;
const FAST_MS = 150;
/** How much the last picture counts. */
const WEIGHT = 0.3;
/** Whoever draws no wider has no use for the whole size. */
const SMALL_WIDTH = 960;

/** How good the pictures are that a viewer gets; `none`: it shows none now. */
export const TIERS = ['full', 'small', 'none'] as const;
export type Tier = (typeof TIERS)[number];

/** One person's page that shows a runtime: what is on its way to it. */
export class Viewer {
  readonly id = randomUUID();
  readonly isInteractive: boolean;
  readonly #socket: WebSocket;
  /** When the pictures on their way were sent, by their numbers. */
  readonly #sent = new Map<number, number>();
  #shown: Picture | undefined;
  #width = Infinity;
  #drawnMs = 0;
  #isSlow = false;

  constructor(socket: WebSocket, isInteractive: boolean) {
    this.#socket = socket;
    this.isInteractive = isInteractive;
  }

  get tier(): Tier {
    if (this.#width === 0) return 'none';
    return this.#isSlow || this.#width <= SMALL_WIDTH ? 'small' : 'full';
  }

  get hasRoom(): boolean {
    return this.#sent.size < WINDOW && this.#socket.bufferedAmount < BUFFERED_MAX_BYTES;
  }

  /** From now on pictures are of another tab. */
  turnOver(): void {
    this.#shown = undefined;
  }

  setWidth(width: number): void {
    this.#width = width;
  }

  say(message: ServiceMessage): void {
    if (this.#socket.bufferedAmount > UNREAD_MAX_BYTES) return this.#socket.terminate();
    this.#socket.send(JSON.stringify(message));
  }

  /** Shows a picture, unless it is shown already or there is no room; the next one is newer. */
  show(picture: Picture): void {
    if (picture === this.#shown || !this.hasRoom) return;
    this.#shown = picture;
    this.#sent.set(picture.seq, performance.now());
    this.#socket.send(picture.packet);
  }

  /** A picture was drawn. A number that was not sent is passed over. */
  drawn(seq: number): void {
    const sentAt = this.#sent.get(seq);
    if (sentAt === undefined) return;
    // Pictures arrive in order.
    for (const earlier of this.#sent.keys()) {
      this.#sent.delete(earlier);
      if (earlier === seq) break;
    }
    this.#drawnMs += WEIGHT * (performance.now() - sentAt - this.#drawnMs);
    if (this.#drawnMs > SLOW_MS) this.#isSlow = true;
    else if (this.#drawnMs < FAST_MS) this.#isSlow = false;
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }
}
