import type { Logger } from 'pino';
import type { PageDocument } from '../browser/pages/page-documents.ts';
import type { RuntimeErrorCode } from '../errors.ts';
import type { CaptchaEventType, NewEvent } from '../runtime/events.ts';
import { siteOf, type FoundCaptcha } from './found.ts';

/** A captcha that events are about. */
export interface ReportedCaptcha {
  /** The number that all events about the captcha have. */
  number: number;
  document: PageDocument;
  found: FoundCaptcha;
}

/** What may be told of a failure. */
export interface ReportedFailure {
  code: RuntimeErrorCode;
  message: string;
  details: Record<string, unknown> | undefined;
}

/** Tells what becomes of the captchas of one runtime: in events, and each code once in the log. */
export class CaptchaReport {
  readonly #noteEvent: (event: NewEvent) => void;
  readonly #log: Logger;
  readonly #once = new Set<string>();

  constructor(note: (event: NewEvent) => void, log: Logger) {
    this.#noteEvent = note;
    this.#log = log;
  }

  note(type: CaptchaEventType, captcha: ReportedCaptcha, more: Record<string, unknown> = {}): void {
    const { number, found, document } = captcha;
    const { contextId, pageId } = document.place;
    const { kind, siteKey } = found;
    const about = { captchaId: number, kind, site: siteOf(found), siteKey: siteKey ?? null };
    this.#noteEvent({ type, contextId, pageId, data: { ...about, ...more } });
  }

  /** Tells it once for each kind and site, since a page may come again and again. */
  unsupported(captcha: ReportedCaptcha): void {
    const { found } = captcha;
    if (!this.#isFirst(`${found.kind} ${siteOf(found)}`)) return;
    this.note('captcha.detected', captcha);
    this.note('captcha.unsupported', captcha);
  }

  failed(captcha: ReportedCaptcha, failure: ReportedFailure, more: Record<string, unknown>): void {
    const { code, message, details } = failure;
    this.note('captcha.solve.failed', captcha, { code, message, ...details, ...more });
    if (!this.#isFirst(code)) return;
    const about = { code, kind: captcha.found.kind, ...details };
    this.#log.warn(about, `a captcha could not be solved: ${message}`);
  }

  /** Tells once that nothing more is solved. */
  limitReached(captcha: ReportedCaptcha, failure: ReportedFailure): void {
    if (!this.#isFirst(`limit ${failure.code}`)) return;
    this.failed(captcha, failure, {});
  }

  #isFirst(what: string): boolean {
    if (this.#once.has(what)) return false;
    this.#once.add(what);
    return true;
  }
}
