import { z } from 'zod';
import type { CdpSession } from './cdp/cdp-session.ts';

/**
 * The most grants that are kept of one context: a client that sets more has no use for the first.
 */
const GRANTS_MAX = 1000;
/** Above this number of contexts, the service looks for those that are gone. */
const CONTEXTS_MAX = 100;

const RESET = 'Browser.resetPermissions';

const Grant = z.looseObject({
  browserContextId: z.string().optional(),
  origin: z.string().optional(),
  embeddedOrigin: z.string().optional(),
  permission: z.unknown().optional(),
});

type Params = Record<string, unknown>;

interface Given {
  client: object;
  method: string;
  params: Params;
  /** A later grant of the same client with the same key replaces this one. */
  key: string;
}

/**
 * What pages of one browser may do. When any client goes that granted something in a context,
 * Chromium takes back everything that was ever granted there. So the service grants in the clients'
 * stead, and itself takes back what a client granted.
 */
export class Permissions {
  readonly #browser: CdpSession;
  /** The grants of each context, in their order; undefined: the default context. */
  readonly #given = new Map<string | undefined, Given[]>();
  /** The end of the last command: commands run one after the other, since the last one holds. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(browser: CdpSession) {
    this.#browser = browser;
  }

  /** Carries out a command of a client. Throws when Chromium refuses the command. */
  carryOut(client: object, method: string, params: Params): Promise<void> {
    return this.#inTurn(async () => {
      await this.#browser.sendAsWritten(method, params);
      this.#note(client, method, params);
      await this.#forgetGone().catch(() => undefined);
    });
  }

  /** Takes back what a client granted, and nothing else. */
  leave(client: object): void {
    for (const [contextId, given] of this.#given) {
      const left = given.filter((one) => one.client !== client);
      if (left.length === given.length) continue;
      if (left.length > 0) this.#given.set(contextId, left);
      else this.#given.delete(contextId);
      void this.#inTurn(() => this.#redo(contextId));
    }
  }

  /** Chromium refuses the commands when the context is gone. */
  async #redo(browserContextId: string | undefined): Promise<void> {
    const again = this.#given.get(browserContextId) ?? [];
    // Chromium carries them out in order. At once, so that no page sees that what stays was away.
    await Promise.allSettled([
      this.#browser.sendAsWritten(RESET, { browserContextId }),
      ...again.map(({ method, params }) => this.#browser.sendAsWritten(method, params)),
    ]);
  }

  #note(client: object, method: string, params: Params): void {
    const { browserContextId, origin, embeddedOrigin, permission } = Grant.parse(params);
    if (method === RESET) return void this.#given.delete(browserContextId);
    const key = JSON.stringify([method, origin, embeddedOrigin, permission]);
    const others = (this.#given.get(browserContextId) ?? []).filter(
      (one) => one.client !== client || one.key !== key,
    );
    const given = [...others, { client, method, params, key }].slice(-GRANTS_MAX);
    this.#given.set(browserContextId, given);
  }

  async #forgetGone(): Promise<void> {
    if (this.#given.size <= CONTEXTS_MAX) return;
    const { browserContextIds } = await this.#browser.send('Target.getBrowserContexts', {});
    for (const contextId of this.#given.keys()) {
      const isThere = contextId === undefined || browserContextIds.includes(contextId);
      if (!isThere) this.#given.delete(contextId);
    }
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(act);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
