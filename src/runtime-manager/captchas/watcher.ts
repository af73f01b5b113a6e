import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { PageDocument, PageDocuments } from '../browser/pages/page-documents.ts';
import type { Pages } from '../browser/pages/pages.ts';
import { untilAborted } from '../timing/until-aborted.ts';
import { RuntimeError } from '../errors.ts';
import type { NewEvent } from '../runtime/events.ts';
import type { Proxy } from '../runtime/launch.ts';
import { captchaError, CaptchaError } from './error.ts';
import { CaptchaReport } from './report.ts';
import { CaptchaSolving, type CaptchaLimits, type CaptchaResult } from './solving.ts';
import type { solveCaptchas } from './solve-captchas.ts';
import { askDetection } from './detection.ts';
import { FoundCaptcha } from './found.ts';
import { Solver, type SolverOptions } from './solver.ts';

/** How long a page that was only just opened may take to show a captcha. */
const APPEAR_MS = 5000;
const LOOK_MS = 250;
/** The other pages wait no longer than this for a page that hangs. */
const ANSWER_MS = 2000;

const Found = z.array(FoundCaptcha);

interface DocumentCaptcha {
  document: PageDocument;
  captcha: FoundCaptcha;
}

/** What is configured for all runtimes. */
export interface CaptchaOptions extends CaptchaLimits {
  /** Undefined: only captchas that the browser itself can compute are solved. */
  solver: SolverOptions | undefined;
}

export interface CaptchaWatcherParts {
  options: CaptchaOptions;
  pages: Pick<Pages, 'followDocuments'>;
  /** The proxy that the runtime's traffic goes through now. */
  proxy: () => Proxy | undefined;
  note: (event: NewEvent) => void;
  log: Logger;
}

/** Which captchas to solve now, and in what time. */
type CaptchaRequest = z.infer<typeof solveCaptchas.message>;

/** Looks for captchas on the pages of one running browser, and has them solved. */
export class CaptchaWatcher implements Disposable {
  readonly #pages: CaptchaWatcherParts['pages'];
  readonly #solving: CaptchaSolving;
  readonly #ended = new AbortController();
  #following: Promise<PageDocuments> | undefined;
  #isAutomatic = false;

  constructor({ pages, options, proxy, note, log }: CaptchaWatcherParts) {
    this.#pages = pages;
    const solver = options.solver && new Solver(options.solver);
    const report = new CaptchaReport(note, log);
    const ended = this.#ended.signal;
    this.#solving = new CaptchaSolving({ solver, limits: options, proxy, report, ended });
  }

  /** Solves every captcha that appears from now on. Throws when Chromium does not answer. */
  async watch(signal: AbortSignal): Promise<void> {
    this.#isAutomatic = true;
    await this.#follow(signal);
  }

  /** As `solveCaptchas`; waits a while for a captcha to appear. */
  async solveNow(
    { pageId, timeoutMs }: CaptchaRequest,
    signal: AbortSignal,
  ): Promise<CaptchaResult[]> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeoutMs);
    const until = AbortSignal.any([signal, this.#ended.signal, late.signal]);
    try {
      // All who ask share the following of pages, which ends with none of them.
      const documents = await untilAborted(this.#follow(this.#ended.signal), until);
      const found = await this.#findIn(documents, pageId, until);
      const solved = found.map(({ document, captcha }) =>
        this.#solving.solveAgain(document, captcha),
      );
      return assertSolved(await untilAborted(Promise.all(solved), until));
    } catch (error) {
      this.#ended.signal.throwIfAborted();
      if (error instanceof CaptchaError || !until.aborted) throw error;
      // A client that hung up instead is not told anyway.
      throw captchaError('captcha.timeout');
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the watcher's sessions with the pages, and whatever is being solved. */
  [Symbol.dispose](): void {
    this.#ended.abort(new RuntimeError('runtime.not_active', 'The runtime is ending.'));
    void this.#following?.then((documents) => documents[Symbol.dispose]()).catch(() => undefined);
  }

  /** Follows the pages from the first call on. */
  #follow(signal: AbortSignal): Promise<PageDocuments> {
    const opened = (document: PageDocument) => {
      if (this.#isAutomatic) void this.#watchDocument(document);
    };
    this.#following ??= this.#pages.followDocuments(opened, signal).catch((error: unknown) => {
      this.#following = undefined;
      throw error;
    });
    return this.#following;
  }

  async #watchDocument(document: PageDocument): Promise<void> {
    const ended = this.#ended.signal;
    try {
      for (let isFirst = true; this.#solving.hasRoom; isFirst = false) {
        const found = await document.ask(askDetection('next', isFirst), Found, ended);
        for (const captcha of found) void this.#solving.solve(document, captcha);
      }
    } catch {
      // The document or the browser went away.
    }
  }

  /** Throws `captcha.not_found` when there is no captcha, however short the time to wait was. */
  async #findIn(
    documents: PageDocuments,
    pageId: string | undefined,
    signal: AbortSignal,
  ): Promise<DocumentCaptcha[]> {
    const appearsUntil = performance.now() + APPEAR_MS;
    let hasLooked = false;
    try {
      while (!hasLooked || performance.now() < appearsUntil) {
        const asked = documents.current.filter(({ place }) => !pageId || place.pageId === pageId);
        const found = await Promise.all(asked.map((document) => this.#unsolved(document, signal)));
        if (found.flat().length > 0) return found.flat();
        hasLooked = true;
        await delay(LOOK_MS, undefined, { signal });
      }
    } catch (error) {
      if (!hasLooked) throw error;
    }
    throw captchaError('captcha.not_found');
  }

  async #unsolved(document: PageDocument, signal: AbortSignal): Promise<DocumentCaptcha[]> {
    const until = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    try {
      const found = await document.ask(askDetection('unsolved'), Found, until);
      return found.map((captcha) => ({ document, captcha }));
    } catch {
      signal.throwIfAborted();
      return []; // The document went away meanwhile, hangs, or shows a dialog.
    }
  }
}

function assertSolved(results: CaptchaResult[]): CaptchaResult[] {
  const failed = results.find(({ code }) => code !== undefined);
  if (failed?.code === undefined) return results;
  if (results.some(({ status }) => status === 'solved')) return results;
  const captchas = results.map((one) => ({ ...one, siteKey: one.siteKey ?? null }));
  throw captchaError(failed.code, { details: { captchas } });
}
