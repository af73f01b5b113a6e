import { once } from 'node:events';
import { z } from 'zod';
import { CdpRefusal } from '../browser/cdp/cdp-pipe.ts';
import type { CdpSession } from '../browser/cdp/cdp-session.ts';
import { PageDocument } from '../browser/pages/page-document.ts';
import type { Tab } from '../browser/pages/pages.ts';
import { untilAborted } from '../timing/until-aborted.ts';
import type { LoadState } from './one-shot-order.ts';

/** The process of a page writes these. */
const Navigated = z.object({
  frame: z.object({
    parentId: z.string().optional(),
    loaderId: z.string(),
    unreachableUrl: z.string().optional(),
  }),
});
const Lifecycle = z.object({ frameId: z.string(), loaderId: z.string(), name: z.string() });

/** https://chromedevtools.github.io/devtools-protocol/tot/Page/#event-lifecycleEvent */
const EVENTS: Record<LoadState, string> = {
  domcontentloaded: 'DOMContentLoaded',
  load: 'load',
  networkidle: 'networkIdle',
};

/** How long Chromium may take to tell of the document that ended another one. */
const SUCCEEDS_MS = 1000;

/**
 * The document in the main frame of a page, as one follows the other: a page may lead on to another
 * before it is loaded.
 */
export class MainDocument implements Disposable {
  readonly #session: CdpSession;
  readonly #page: Pick<Tab, 'pageId' | 'contextId'>;
  /** By loader. */
  readonly #reached = new Map<string, Set<string>>();
  readonly #changes = new Set<() => void>();
  #document: PageDocument;
  #unreachableUrl: string | undefined;

  constructor(session: CdpSession, page: Pick<Tab, 'pageId' | 'contextId'>) {
    this.#session = session;
    this.#page = page;
    this.#document = this.#open('');
    session.on('Page.frameNavigated', (told) => this.#navigated(told));
    session.on('Page.lifecycleEvent', (told) => this.#lived(told));
  }

  get current(): PageDocument {
    return this.#document;
  }

  /** The address that could not be loaded, if Chromium shows its own page about that. */
  get unreachableUrl(): string | undefined {
    return this.#unreachableUrl;
  }

  /** Resolves when whichever document is there by then is in this state, or is Chromium's page about an error. */
  async reached(state: LoadState, signal: AbortSignal): Promise<void> {
    while (!this.#isIn(state)) {
      const changed = Promise.withResolvers<void>();
      this.#changes.add(changed.resolve);
      try {
        await untilAborted(changed.promise, signal);
      } finally {
        this.#changes.delete(changed.resolve);
      }
    }
  }

  /**
   * Evaluates an expression in the document, as `PageDocument.ask`; in the next document when
   * another one comes meanwhile.
   */
  async ask<T>(expression: string, result: z.ZodType<T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      const asked = this.#document;
      try {
        return await asked.ask(expression, result, signal);
      } catch (error) {
        if (signal.aborted || !(await isSucceeded(asked, error))) throw error;
      }
    }
  }

  [Symbol.dispose](): void {
    this.#document.leave();
  }

  #isIn(state: LoadState): boolean {
    const reached = this.#reached.get(this.#document.place.loaderId);
    return this.#unreachableUrl !== undefined || reached?.has(EVENTS[state]) === true;
  }

  #navigated(told: unknown): void {
    const { frame } = Navigated.safeParse(told).data ?? {};
    if (!frame || frame.parentId !== undefined) return;
    this.#document.leave();
    this.#reached.delete(this.#document.place.loaderId);
    this.#document = this.#open(frame.loaderId);
    this.#unreachableUrl = frame.unreachableUrl;
    this.#changed();
  }

  #lived(told: unknown): void {
    const { frameId, loaderId, name } = Lifecycle.safeParse(told).data ?? {};
    if (frameId !== this.#page.pageId || loaderId === undefined || name === undefined) return;
    const reached = this.#reached.get(loaderId);
    // A document begins anew where content is written into it.
    if (!reached || name === 'init') this.#reached.set(loaderId, new Set([name]));
    else reached.add(name);
    this.#changed();
  }

  #open(loaderId: string): PageDocument {
    const { pageId, contextId } = this.#page;
    const place = { frameId: pageId, parentFrameId: undefined, loaderId, contextId, pageId };
    return new PageDocument(this.#session, place);
  }

  #changed(): void {
    for (const change of this.#changes) change();
  }
}

/** Whether something failed because another document has come, of which the next message may tell. */
async function isSucceeded({ gone }: PageDocument, error: unknown): Promise<boolean> {
  if (gone.aborted) return true;
  if (!(error instanceof Error && error.cause instanceof CdpRefusal)) return false;
  const late = AbortSignal.timeout(SUCCEEDS_MS);
  await once(gone, 'abort', { signal: late }).catch(() => undefined);
  return gone.aborted;
}
