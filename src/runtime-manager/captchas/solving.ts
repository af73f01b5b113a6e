import { z } from 'zod';
import { PageScriptError } from '../browser/pages/page-document.ts';
import type { PageDocument } from '../browser/pages/page-documents.ts';
import type { Proxy } from '../runtime/launch.ts';
import { captchaError, CaptchaError, mayRecover, type CaptchaErrorCode } from './error.ts';
import type { CaptchaReport, ReportedCaptcha } from './report.ts';
import { askDetection } from './detection.ts';
import { siteOf, type FoundCaptcha } from './found.ts';
import { solveImage } from './images.ts';
import { isProofOfWork, type CaptchaKind, type CAPTCHA_STATUSES } from './kinds.ts';
import { proveWork } from './proof-of-work.ts';
import type { Solver } from './solver.ts';
import { solveToken } from './tokens.ts';

export interface CaptchaLimits {
  /** How often one captcha is tried. */
  attempts: number;
  /** How many tries of any kind a runtime may make while it is up. */
  solvesPerRuntime: number;
  /** How long one try may take. */
  solveTimeoutMs: number;
}

export interface CaptchaResult {
  kind: CaptchaKind;
  site: string;
  siteKey: string | undefined;
  pageId: string;
  status: (typeof CAPTCHA_STATUSES)[number];
  /** Why the captcha is not solved. */
  code: CaptchaErrorCode | undefined;
  durationMs: number;
}

export interface CaptchaSolvingParts {
  solver: Solver | undefined;
  limits: CaptchaLimits;
  proxy: () => Proxy | undefined;
  report: CaptchaReport;
  /** Aborts when the runtime ends. */
  ended: AbortSignal;
}

interface Captcha extends ReportedCaptcha {
  attempts: number;
  running: Promise<CaptchaResult> | undefined;
}

/** What may be told of a solution. */
interface Solved {
  cost?: string | undefined;
  callbackCalled?: boolean;
}

/** Solves the captchas of one runtime within its limits, and reports how it goes. */
export class CaptchaSolving {
  readonly #parts: CaptchaSolvingParts;
  readonly #captchas = new WeakMap<PageDocument, Map<number, Captcha>>();
  #lastNumber = 0;
  #solves = 0;

  constructor(parts: CaptchaSolvingParts) {
    this.#parts = parts;
  }

  /** Whether the runtime may try once more. */
  get hasRoom(): boolean {
    return this.#solves < this.#parts.limits.solvesPerRuntime;
  }

  /** Tries a captcha until no try is left, but not while it is being solved. Does not throw. */
  solve(document: PageDocument, found: FoundCaptcha): Promise<CaptchaResult> {
    const captcha = this.#captcha(document, found);
    captcha.running ??= this.#solve(captcha).finally(() => {
      captcha.running = undefined;
    });
    return captcha.running;
  }

  /** As `solve`, even for a captcha that has no try left. */
  solveAgain(document: PageDocument, found: FoundCaptcha): Promise<CaptchaResult> {
    const captcha = this.#captcha(document, found);
    if (!captcha.running) captcha.attempts = 0;
    return this.solve(document, found);
  }

  #captcha(document: PageDocument, found: FoundCaptcha): Captcha {
    const ofDocument = this.#captchas.get(document) ?? new Map<number, Captcha>();
    this.#captchas.set(document, ofDocument);
    const known = ofDocument.get(found.id);
    if (known) return known;
    const number = ++this.#lastNumber;
    const captcha = { number, document, found, attempts: 0, running: undefined };
    ofDocument.set(found.id, captcha);
    if (this.#isSupported(found)) this.#parts.report.note('captcha.detected', captcha);
    return captcha;
  }

  #isSupported({ kind }: FoundCaptcha): boolean {
    return this.#parts.solver !== undefined || isProofOfWork(kind);
  }

  async #solve(captcha: Captcha): Promise<CaptchaResult> {
    const startedAt = performance.now();
    const { found, document } = captcha;
    const code = await this.#attempts(captcha);
    return {
      kind: found.kind,
      site: siteOf(found),
      siteKey: found.siteKey,
      pageId: document.place.pageId,
      status: statusOf(code),
      code,
      durationMs: sinceMs(startedAt),
    };
  }

  /** Resolves with the code of the last failure; undefined: the captcha is solved. */
  async #attempts(captcha: Captcha): Promise<CaptchaErrorCode | undefined> {
    const { limits, report } = this.#parts;
    if (!this.#isSupported(captcha.found)) {
      report.unsupported(captcha);
      return 'captcha.unsupported';
    }
    let code: CaptchaErrorCode = 'captcha.rejected';
    // The page took back every solution.
    if (captcha.attempts >= limits.attempts) report.failed(captcha, captchaError(code), {});
    while (captcha.attempts < limits.attempts) {
      if (!this.hasRoom) {
        report.limitReached(captcha, captchaError('captcha.limit_reached'));
        return 'captcha.limit_reached';
      }
      const failure = await this.#attempt(captcha);
      if (!failure) return undefined;
      code = failure.code;
      if (!mayRecover(code)) break;
    }
    return code;
  }

  async #attempt(captcha: Captcha): Promise<CaptchaError | undefined> {
    const startedAt = performance.now();
    const { report, ended, limits } = this.#parts;
    this.#solves++;
    const attempt = ++captcha.attempts;
    report.note('captcha.solve.started', captcha, { attempt });
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), limits.solveTimeoutMs);
    const signal = AbortSignal.any([captcha.document.gone, ended, late.signal]);
    try {
      const solved = await this.#carryOut(captcha, signal);
      const durationMs = sinceMs(startedAt);
      report.note('captcha.solve.succeeded', captcha, { attempt, durationMs, ...solved });
      settle(captcha, signal);
      return undefined;
    } catch (error) {
      const failure = late.signal.aborted ? captchaError('captcha.timeout') : asCaptchaError(error);
      const durationMs = sinceMs(startedAt);
      if (!ended.aborted) report.failed(captcha, failure, { attempt, durationMs });
      return failure;
    } finally {
      clearTimeout(timer);
    }
  }

  async #carryOut({ document, found }: Captcha, signal: AbortSignal): Promise<Solved> {
    const { kind } = found;
    if (isProofOfWork(kind)) {
      await proveWork(document, found, kind, signal);
      return {};
    }
    const { solver, proxy } = this.#parts;
    if (!solver) throw captchaError('captcha.unsupported');
    if (kind === 'image') {
      const { cost } = await solveImage(document, found, solver, signal);
      return { cost };
    }
    const captcha = { document, found, kind };
    const { cost, callbackCalled } = await solveToken(captcha, solver, proxy(), signal);
    return { cost, callbackCalled };
  }
}

/** Has the captcha told again if the page takes the solution back as wrong or too old. */
function settle({ document, found }: Captcha, signal: AbortSignal): void {
  const settled = document.ask(askDetection('settle', found.id), z.unknown(), signal);
  // The solution may have sent the page elsewhere, or made it show a dialog.
  settled.catch(() => undefined);
}

function statusOf(code: CaptchaErrorCode | undefined): CaptchaResult['status'] {
  if (code === undefined) return 'solved';
  return code === 'captcha.unsupported' ? 'unsupported' : 'failed';
}

function asCaptchaError(error: unknown): CaptchaError {
  if (error instanceof CaptchaError) return error;
  const isOfPage = error instanceof PageScriptError;
  return captchaError(isOfPage ? 'captcha.rejected' : 'captcha.page_gone', { cause: error });
}

function sinceMs(startedAt: number): number {
  return Math.round(performance.now() - startedAt);
}
