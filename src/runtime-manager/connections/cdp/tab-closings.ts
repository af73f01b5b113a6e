import { z } from 'zod';
import { parseJson } from '../parse-json.ts';
import type { Acting, Wire } from '../websocket/websocket-bridge.ts';
import { CdpCommand } from './cdp-policy.ts';

/** Commands that close tabs are short. */
const CLOSING_MAX_BYTES = 500;
const CLOSINGS: ReadonlySet<string> = new Set([
  'Target.closeTarget',
  'Target.disposeBrowserContext',
  'Page.close',
  'Browser.close',
]);
const MIGHT_CLOSE =
  /"(?:Target\.closeTarget|Target\.disposeBrowserContext|Page\.close|Browser\.close)"/;
const OfTarget = z.object({ targetId: z.string() });

/** What has to be done before a client of one browser closes a tab. */
export class TabClosings {
  /** Called with the tab, or undefined for any; the command waits until it resolves. It never rejects. */
  before: ((pageId: string | undefined) => Promise<void>) | undefined;
}

/** Lets the commands of one client that close tabs wait for what has to be done before. */
export class HeldClosings implements Acting {
  readonly answerStartBytes = 0;
  readonly isFull = false;
  readonly #closings: TabClosings;
  readonly #wire: Wire;
  #held: Promise<unknown> | undefined;
  #isClosed = false;

  constructor(closings: TabClosings, wire: Wire) {
    this.#closings = closings;
    this.#wire = wire;
  }

  get held(): Promise<unknown> | undefined {
    return this.#held;
  }

  take(payload: Buffer): boolean {
    const { before } = this.#closings;
    if (!before || payload.length > CLOSING_MAX_BYTES) return false;
    if (!MIGHT_CLOSE.test(payload.toString('latin1'))) return false;
    const { data: command } = CdpCommand.safeParse(parseJson(payload));
    if (!command || !CLOSINGS.has(command.method)) return false;
    const pageId =
      command.method === 'Target.closeTarget'
        ? OfTarget.safeParse(command.params).data?.targetId
        : undefined;
    const sent = before(pageId).then(() => {
      if (!this.#isClosed) this.#wire.send(payload);
    });
    this.#hold(sent);
    return true;
  }

  isAnswer(): boolean {
    return false;
  }

  answer(): undefined {}

  close(): void {
    this.#isClosed = true;
  }

  #hold(sent: Promise<void>): void {
    const held = Promise.all([this.#held, sent]).then(() => {
      if (this.#held === held) this.#held = undefined;
    });
    this.#held = held;
  }
}
