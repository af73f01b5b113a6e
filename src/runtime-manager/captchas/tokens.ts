import { z } from 'zod';
import { PageScriptError, type PageFunction } from '../browser/pages/page-document.ts';
import type { PageDocument } from '../browser/pages/page-documents.ts';
import { pageFunction, sourceOf } from '../browser/pages/page-script.ts';
import type { Proxy } from '../runtime/launch.ts';
import { captchaError } from './error.ts';
import { askDetection, Placed } from './detection.ts';
import { SITE_KEY, type FoundCaptcha } from './found.ts';
import type { TokenKind } from './kinds.ts';
import {
  answerExecute,
  callNamed,
  callRendered,
  renderedAmong,
  siteKeysOf,
  type Rendered,
} from './page-scripts/token-callbacks.ts';
import type { Solution, Solver } from './solver.ts';
import { tokenTask } from './solver-tasks.ts';

/** A token of reCAPTCHA is good for two minutes. */
const TOKEN_LIFE_MS = 110_000;

/** What a token is asked for with, and where it goes. */
export interface TokenCaptcha {
  document: PageDocument;
  found: FoundCaptcha;
  kind: TokenKind;
}

export interface DeliveredToken extends Solution {
  /** Whether a callback of the page was called, or its `execute` is answered. */
  callbackCalled: boolean;
}

/**
 * Has a token made and gives it to the page, as the widget would. Throws as `Solver.solve`, or
 * `captcha.site_key_unknown` or `captcha.page_gone`; then the page is as it was.
 */
export async function solveToken(
  captcha: TokenCaptcha,
  solver: Solver,
  proxy: Proxy | undefined,
  signal: AbortSignal,
): Promise<DeliveredToken> {
  const siteKey = captcha.found.siteKey ?? (await findSiteKey(captcha.document, signal));
  const { kind, found } = captcha;
  const task = tokenTask(kind, found, siteKey, { proxy, solverUrl: solver.url });
  const solution = await solver.solve(task, signal);
  return { ...solution, callbackCalled: await deliver(captcha, siteKey, solution.text, signal) };
}

/** The site key of a widget that a script rendered, and that says its key nowhere in the page. */
async function findSiteKey(document: PageDocument, signal: AbortSignal): Promise<string> {
  const keys = await document.callOnObjects(onRendered(siteKeysOf), z.array(z.string()), signal);
  const [siteKey, ...others] = keys.filter((key) => SITE_KEY.test(key));
  if (siteKey !== undefined && others.length === 0) return siteKey;
  throw captchaError('captcha.site_key_unknown');
}

async function deliver(
  captcha: TokenCaptcha,
  siteKey: string,
  token: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { document, found } = captcha;
  const placed = await document.ask(askDetection('put', found.id, token), Placed, signal);
  if (placed === 'gone') throw captchaError('captcha.page_gone');
  // Somebody else was faster. To call back twice could submit a form twice.
  if (placed === 'solved') return false;
  try {
    return await callBack(captcha, siteKey, token, signal);
  } catch (error) {
    // A mistake of the page itself is no reason to pay for another token.
    if (error instanceof PageScriptError) return false;
    throw error;
  }
}

async function callBack(
  { document, found, kind }: TokenCaptcha,
  siteKey: string,
  token: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { id, callback, action } = found;
  const callInPage = (call: PageFunction) =>
    document.callOn(askDetection('anchor', id), call, z.boolean(), signal);
  if (callback !== undefined) return callInPage(pageFunction(callNamed, callback, token));
  if (kind === 'recaptcha_v3' || kind === 'recaptcha_v3_enterprise') {
    const answer = pageFunction(answerExecute, siteKey, action ?? '', token, TOKEN_LIFE_MS);
    return callInPage(answer);
  }
  const call = onRendered(callRendered, siteKey, token);
  return document.callOnObjects(call, z.boolean(), signal);
}

/** Called on all objects of a page, the result calls `script` with what was given to `render`. */
function onRendered<Args extends unknown[]>(
  script: (rendered: Rendered[], ...args: Args) => unknown,
  ...args: Args
): PageFunction {
  const rendered = `(${sourceOf(renderedAmong)})(this)`;
  return {
    code: `function (...args) { return (${sourceOf(script)})(${rendered}, ...args) }`,
    args,
  };
}
