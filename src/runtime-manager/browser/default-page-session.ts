import { z } from 'zod';
import type { CdpPipe } from './cdp-pipe.ts';
import type { Pages } from './pages.ts';

const Attached = z.object({ sessionId: z.string() });
const Evaluated = z.object({ result: z.object({ value: z.number() }) });
const Nothing = z.object({});
const LEAVE_TIMEOUT_MS = 10_000;

/** A debugging session with the default page, as long as only the service uses the browser. */
export class DefaultPageSession {
  readonly #pipe: CdpPipe;
  readonly #pages: Pages;
  #sessionId: string | undefined;

  constructor(pipe: CdpPipe, pages: Pages) {
    this.#pipe = pipe;
    this.#pages = pages;
  }

  /** A number that the page tells. Throws when it is gone, has crashed or does not answer in time. */
  async evaluate(expression: string, signal: AbortSignal): Promise<number> {
    this.#sessionId ??= await this.#attach(signal);
    const params = { expression, awaitPromise: true };
    const sessionId = this.#sessionId;
    const said = await this.#pipe.send('Runtime.evaluate', params, Evaluated, signal, sessionId);
    return said.result.value;
  }

  /** Ends it, without waiting: what is sent to the browser from now on comes after. */
  leave(): void {
    const sessionId = this.#sessionId;
    if (sessionId === undefined) return;
    this.#sessionId = undefined;
    const signal = AbortSignal.timeout(LEAVE_TIMEOUT_MS);
    this.#pipe
      .send('Target.detachFromTarget', { sessionId }, Nothing, signal)
      .catch(() => undefined); // The browser has ended.
  }

  async #attach(signal: AbortSignal): Promise<string> {
    const params = { targetId: this.#pages.defaultPageId, flatten: true };
    const attached = await this.#pipe.send('Target.attachToTarget', params, Attached, signal);
    return attached.sessionId;
  }
}
