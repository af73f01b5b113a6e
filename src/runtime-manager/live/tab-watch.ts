import type { Logger } from 'pino';
import { z } from 'zod';
import type { CdpSession } from '../browser/cdp/cdp-session.ts';
import { DocumentsOfPage } from '../browser/pages/documents-of-page.ts';
import type { MachineBrowser } from '../machine/browser-machine.ts';
import { Cast, type CastListener } from './cast.ts';
import { PageQuestions } from './page-questions.ts';
import type { Tier } from './viewer.ts';
import type { InputCommand } from './viewer-commands.ts';

const SHAPES = {
  full: { quality: 60, maxWidth: undefined },
  small: { quality: 40, maxWidth: 960 },
} as const;
type CastTier = keyof typeof SHAPES;

const FOCUS = 'Emulation.setFocusEmulationEnabled';

const Chooser = z.object({
  mode: z.enum(['selectSingle', 'selectMultiple']),
  backendNodeId: z.int().optional(),
});
/** A file chooser that a page has opened. */
export interface FoundChooser {
  isMultiple: boolean;
  backendNodeId: number;
}

const Visibility = z.object({ visible: z.boolean() });

export interface TabWatchParts {
  pageId: string;
  contextId: string;
  browser: Pick<MachineBrowser, 'pages' | 'endpoints'>;
  /** The number of the tab. */
  turn: number;
  /** Called with each picture of a tier. */
  picture: (tier: CastTier) => CastListener['picture'];
  isReady: (tier: CastTier) => CastListener['isReady'];
  chooser: (found: FoundChooser) => void;
  log: Logger;
}

/**
 * The service's sessions with one tab, as long as somebody watches. All that they change in the tab
 * ends with them.
 */
export class TabWatch implements Disposable {
  readonly questions: PageQuestions;
  readonly #parts: TabWatchParts;
  readonly #session: CdpSession;
  readonly #documents: DocumentsOfPage;
  readonly #casts = new Map<CastTier, Promise<Cast>>();
  #isFocused = false;
  #interceptsChoosers = false;

  private constructor(parts: TabWatchParts, session: CdpSession) {
    const { pageId, contextId } = parts;
    this.#parts = parts;
    this.#session = session;
    this.#documents = new DocumentsOfPage({ contextId, pageId }, () => undefined);
    this.questions = new PageQuestions(this.#documents, session.gone);
    session.on('Page.fileChooserOpened', (told) => this.#chooserOpened(told));
    void this.#documents.follow(session);
  }

  /** Throws when the page goes. */
  static async open(parts: TabWatchParts): Promise<TabWatch> {
    return new TabWatch(parts, await parts.browser.pages.attach(parts.pageId));
  }

  /** Makes the pictures of these tiers, and no others. */
  show(wanted: ReadonlySet<Tier>): void {
    for (const [tier, cast] of this.#casts) {
      if (wanted.has(tier)) continue;
      this.#casts.delete(tier);
      void cast.then((started) => started[Symbol.dispose]()).catch(() => undefined);
    }
    for (const tier of wanted) {
      if (tier !== 'none' && !this.#casts.has(tier)) this.#begin(tier);
    }
    if (this.#casts.size === 0) this.#blur();
  }

  /** The cast of a tier, once it has started. */
  async cast(tier: Tier): Promise<Cast | undefined> {
    if (tier === 'none') return undefined;
    return this.#casts.get(tier)?.catch(() => undefined);
  }

  /** The process of the page is back after a crash. */
  async restart(): Promise<void> {
    const casts = await Promise.allSettled(this.#casts.values());
    for (const cast of casts) {
      if (cast.status === 'fulfilled') await cast.value.restart().catch(() => undefined);
    }
  }

  /** Gives input. Throws a sentence for the viewer when a client might not, and as `CdpSession.send`. */
  async input({ method, params }: InputCommand): Promise<void> {
    this.assertAllowed(method, params);
    await this.#session.sendAsWritten(method, params);
  }

  /** Throws a sentence for the viewer when a client might not do so. */
  assertAllowed(method: string, params: Record<string, unknown>): void {
    const verdict = this.#parts.browser.endpoints.judge(method, params);
    if ('refuse' in verdict) throw new Error(`${verdict.refuse}.`);
    if ('replace' in verdict) throw new Error(`${method} is not done as it was asked for.`);
  }

  /** Whether file choosers of the page are shown to viewers; never beside a client that answers them. */
  async interceptChoosers(isWanted: boolean): Promise<void> {
    const { pageId, browser } = this.#parts;
    const enabled = isWanted && !browser.endpoints.clientTabs.interceptsChoosers(pageId);
    if (enabled === this.#interceptsChoosers) return;
    this.#interceptsChoosers = enabled;
    await this.#session.send('Page.setInterceptFileChooserDialog', { enabled });
  }

  /** Throws as `CdpSession.send`. */
  async chooseFiles({ backendNodeId }: FoundChooser, files: string[]): Promise<void> {
    this.assertAllowed('DOM.setFileInputFiles', { files, backendNodeId });
    await this.#session.send('DOM.setFileInputFiles', { files, backendNodeId });
  }

  [Symbol.dispose](): void {
    this.show(new Set());
    this.#documents[Symbol.dispose]();
    this.#session[Symbol.dispose]();
  }

  #begin(tier: CastTier): void {
    const cast = this.#start(tier);
    this.#casts.set(tier, cast);
    cast.catch((err: unknown) => {
      this.#parts.log.debug({ err, pageId: this.#parts.pageId }, 'a tab cannot be shown');
      // Another one may have taken its place.
      if (this.#casts.get(tier) === cast) this.#casts.delete(tier);
    });
  }

  async #start(tier: CastTier): Promise<Cast> {
    const { pageId, browser, turn, picture, isReady } = this.#parts;
    const session = await browser.pages.attach(pageId);
    session.on('Page.screencastVisibilityChanged', (told) => this.#visibilityChanged(told));
    const listener = { turn, picture: picture(tier), isReady: isReady(tier) };
    return Cast.start(session, SHAPES[tier], listener);
  }

  /** A hidden tab is rendered as if it were not: the tab in front stays there. */
  #visibilityChanged(told: unknown): void {
    const { data } = Visibility.safeParse(told);
    if (!data || data.visible || this.#casts.size === 0) return;
    this.#isFocused = true;
    this.#session.send(FOCUS, { enabled: true }).catch(() => undefined);
  }

  #blur(): void {
    if (!this.#isFocused) return;
    this.#isFocused = false;
    // That undoes what a client wants too, and a hidden tab leaves screenshots unanswered: so the
    // client's wish follows at once.
    const { endpoints } = this.#parts.browser;
    this.#session
      .send(FOCUS, { enabled: false })
      .catch(() => undefined)
      .finally(() => endpoints.repeatEmulation(FOCUS));
  }

  #chooserOpened(told: unknown): void {
    const { data } = Chooser.safeParse(told);
    if (!data || data.backendNodeId === undefined || !this.#interceptsChoosers) return;
    const { mode, backendNodeId } = data;
    this.#parts.chooser({ isMultiple: mode === 'selectMultiple', backendNodeId });
  }
}
