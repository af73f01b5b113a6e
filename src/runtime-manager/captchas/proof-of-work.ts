import { z } from 'zod';
import type { PageDocument } from '../browser/pages/page-documents.ts';
import { captchaError } from './error.ts';
import { withDetection } from './detection.ts';
import type { FoundCaptcha } from './found.ts';
import type { ProofOfWorkKind } from './kinds.ts';

/** Widgets are upgraded when their script has come, if ever: 20 s at most. */
const untilReady = (isReady: string) =>
  `for (let n = 0; n < 400 && !(${isReady}); n++) await new Promise((wait) => setTimeout(wait, 50));`;

/**
 * A widget that computes already is left to it, so that it is not made to begin again. What it
 * fails with is its own to show: a page would notice a rejection that nobody handles.
 */
const START: Record<ProofOfWorkKind, string> = {
  altcha: `async function () {
    ${untilReady("typeof this.verify === 'function'")}
    if (this.getState?.() !== 'verifying') Promise.resolve(this.verify()).catch(() => undefined);
  }`,
  cap: `async function () {
    ${untilReady("typeof this.solve === 'function'")}
    Promise.resolve(this.solve()).catch(() => undefined);
  }`,
  friendly_captcha: `async function () {
    const widgetOf = () => this.friendlyChallengeWidget ?? this.frcWidget;
    ${untilReady('widgetOf()')}
    const computes = ['.FETCHING', '.UNFINISHED'].includes(this.querySelector('input')?.value);
    if (!computes) Promise.resolve(widgetOf().start()).catch(() => undefined);
  }`,
  mcaptcha: `function () { if (!this.checked) this.click(); }`,
};

const Outcome = z.enum(['solved', 'refused']);

/**
 * Lets a widget do its work, as a click on it would, and waits for the response. Throws
 * `captcha.rejected` when the widget's own server does not take it.
 */
export async function proveWork(
  document: PageDocument,
  { id }: FoundCaptcha,
  kind: ProofOfWorkKind,
  signal: AbortSignal,
): Promise<void> {
  const start = { code: START[kind], args: [] };
  await document.callOn(withDetection(`captchas.anchor(${id})`), start, z.unknown(), signal);
  const outcome = await document.ask(withDetection(`captchas.outcome(${id})`), Outcome, signal);
  if (outcome === 'refused') throw captchaError('captcha.rejected');
}
