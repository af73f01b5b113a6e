import type { Pages, Tab } from '../browser/pages/pages.ts';
import type { Attached, Companion, Run } from '../companion.ts';
import { RuntimeError } from '../errors.ts';
import { SharedWork } from '../timing/shared-work.ts';
import { Turns } from '../timing/turns.ts';
import { pageNotFound, pageUnavailable } from './page-errors.ts';
import { pagePicture } from './page-picture.ts';
import { parseScreenshotQuery, SCREENSHOTS, type ScreenshotRequest } from './screenshot-request.ts';

/** How many pictures of one browser are taken at once. */
const AT_ONCE = 4;
/** How long one takes at most, with the wait for its turn. */
const LIMIT_MS = 5000;

type BrowserPages = Pick<Pages, 'tabs' | 'defaultPageId' | 'attach'>;

/** Takes pictures of pages on demand; between requests it has no sessions. */
export class Screenshots implements Companion {
  readonly name = SCREENSHOTS;

  async attach({ browser, signal }: Run): Promise<Attached> {
    const screenshots = new RunScreenshots(browser.pages);
    return {
      answer: async ({ path, gone }) => {
        try {
          return await screenshots.answer(parseScreenshotQuery(path), gone);
        } catch (error) {
          if (!signal.aborted) throw error;
          throw new RuntimeError('runtime.not_active', 'The runtime has ended.', { cause: error });
        }
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
}

/** The pictures of one browser. */
class RunScreenshots {
  readonly #pages: BrowserPages;
  readonly #taken = new SharedWork<Buffer>();
  readonly #turns = new Turns(AT_ONCE);

  constructor(pages: BrowserPages) {
    this.#pages = pages;
  }

  /** Answers with a picture. Throws `page.not_found` or `page.unavailable`, or why `gone` aborts. */
  async answer(request: ScreenshotRequest, gone: AbortSignal): Promise<Response> {
    const { pageId } = this.#choose(request.pageId);
    const { width, format, quality } = request;
    const key = JSON.stringify([pageId, width, format, quality]);
    const picture = await this.#taken.join(key, gone, (over) => {
      const until = AbortSignal.any([over, AbortSignal.timeout(LIMIT_MS)]);
      return this.#turns.take(() => this.#take(pageId, request, until));
    });
    return new Response(new Uint8Array(picture), {
      headers: { 'content-type': `image/${format}`, 'content-length': String(picture.length) },
    });
  }

  #choose(asked: string | undefined): Tab {
    const { tabs, defaultPageId } = this.#pages;
    const pageId = asked ?? defaultPageId ?? tabs.at(-1)?.pageId;
    const tab = this.#find(pageId);
    if (tab) return tab;
    throw pageNotFound(pageId);
  }

  #find(pageId: string | undefined): Tab | undefined {
    return this.#pages.tabs.find((tab) => tab.pageId === pageId);
  }

  async #take(pageId: string, request: ScreenshotRequest, until: AbortSignal): Promise<Buffer> {
    if (until.aborted) throw pageUnavailable(pageId, 'busy', until.reason);
    // Not until the signal aborts: a session of which nobody hears would never end.
    using session = await this.#pages.attach(pageId).catch((cause: unknown) => {
      throw pageNotFound(pageId, cause);
    });
    try {
      return await pagePicture(session, request, until);
    } catch (cause) {
      if (session.gone.aborted) throw pageNotFound(pageId, cause);
      const hasCrashed = this.#find(pageId)?.hasCrashed === true;
      throw pageUnavailable(pageId, hasCrashed ? 'crashed' : 'no_answer', cause);
    }
  }
}
