import { z } from 'zod';
import type { CdpPipe } from '../cdp/cdp-pipe.ts';
import type { Pages } from './pages.ts';

const Attached = z.object({ sessionId: z.string() });
const Evaluated = z.object({ result: z.object({ value: z.number() }) });
const Nothing = z.object({});
const LEAVE_TIMEOUT_MS = 10_000;

/** A debugging session with the default page, as long as only the service uses the browser. */
export class DefaultPageSession {
  readonly #pipe: CdpPipe;
  readonly #pages: Pages;
  #session: Promise<string> | undefined;

  constructor(pipe: CdpPipe, pages: Pages) {
    this.#pipe = pipe;
    this.#pages = pages;
  }

  /** A number that the page tells. Throws when it is gone, has crashed or does not answer in time. */
  async evaluate(expression: string, signal: AbortSignal): Promise<number> {
    this.#session ??= this.#attach(signal);
    const sessionId = await this.#session;
    const params = { expression, awaitPromise: true };
    const said = await this.#pipe.send('Runtime.evaluate', params, Evaluated, signal, sessionId);
    return said.result.value;
  }

  /** Ends it, without waiting: what is sent to the browser from now on comes after. */
  leave(): void {
    const session = this.#session;
    this.#session = undefined;
    // Where it fails, there is no session, or no browser.
    session?.then((sessionId) => this.#detach(sessionId)).catch(() => undefined);
  }

  async #detach(sessionId: string): Promise<void> {
    const signal = AbortSignal.timeout(LEAVE_TIMEOUT_MS);
    await this.#pipe.send('Target.detachFromTarget', { sessionId }, Nothing, signal);
  }

  async #attach(signal: AbortSignal): Promise<string> {
    const params = { targetId: this.#pages.defaultPageId, flatten: true };
    const attached = await this.#pipe.send('Target.attachToTarget', params, Attached, signal);
    return attached.sessionId;
  }
}
