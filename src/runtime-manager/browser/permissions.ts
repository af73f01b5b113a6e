import { z } from 'zod';
import type { CdpSession } from './cdp/cdp-session.ts';

/** Of one context: a client that sets more has no use for the first. */
const GRANTS_MAX = 1000;
/** With more contexts than that, those that are gone are looked for. */
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
  /** One with the same takes its place. */
  key: string;
}

/**
 * What pages of one browser may do. Chromium takes back everything that was ever granted in a context
 * when any client goes that granted something there. So the service grants in the clients' stead,
 * and takes back what a client granted itself.
 */
export class Permissions {
  readonly #browser: CdpSession;
  /** By context, in their order; undefined: the default one. */
  readonly #given = new Map<string | undefined, Given[]>();
  /** One after the other, as the last one holds. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(browser: CdpSession) {
    this.#browser = browser;
  }

  /** Carries out a command of a client. Throws what Chromium says against it. */
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
      // A context that is gone refuses it.
      this.#inTurn(() => this.#redo(contextId)).catch(() => undefined);
    }
  }

  async #redo(browserContextId: string | undefined): Promise<void> {
    await this.#browser.sendAsWritten(RESET, { browserContextId });
    for (const { method, params } of this.#given.get(browserContextId) ?? []) {
      await this.#browser.sendAsWritten(method, params);
    }
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
