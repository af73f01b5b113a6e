import { z } from 'zod';
import { PageScriptError } from '../browser/pages/page-document.ts';
import type { PageDocument } from '../browser/pages/page-documents.ts';
import type { Proxy } from '../runtime/launch.ts';
import { captchaError } from './error.ts';
import { Placed, withDetection } from './detection.ts';
import { SITE_KEY, type FoundCaptcha } from './found.ts';
import type { TokenKind } from './kinds.ts';
import type { Solution, Solver } from './solver.ts';
import { tokenTask } from './solver-tasks.ts';

/** A token of reCAPTCHA is good for two minutes. */
const TOKEN_LIFE_MS = 110_000;

/**
 * Called on all objects of a page: what was given to `render` is among them, also when only the
 * vendor's script still has it. Own data properties alone are read, so nothing of the page runs.
 */
const PARAMETERS = `
  const own = (object, name) => Object.getOwnPropertyDescriptor(object, name)?.value;
  const rendered = this.filter((object) => typeof own(object, 'sitekey') === 'string');`;

const FIND_SITE_KEYS = `function () {${PARAMETERS}
  const keys = new Set(rendered.map((object) => own(object, 'sitekey')));
  return [...keys].filter((key) => key.length > 0 && key.length <= 200).slice(0, 10);
}`;

/** Two widgets with one key may have two callbacks: to call the wrong one does harm, so none is. */
const CALL_RENDERED = `function (siteKey, token) {${PARAMETERS}
  const callbacks = new Set();
  for (const object of rendered) {
    if (own(object, 'sitekey') !== siteKey) continue;
    const callback = own(object, 'callback');
    const called = typeof callback === 'string' ? window[callback] : callback;
    if (typeof called === 'function') callbacks.add(called);
  }
  if (callbacks.size !== 1) return false;
  for (const callback of callbacks) setTimeout(callback, 0, token);
  return true;
}`;

const CALL_NAMED = `function (name, token) {
  const callback = name.split('.').reduce((object, part) => object?.[part], window);
  if (typeof callback !== 'function') return false;
  setTimeout(callback, 0, token);
  return true;
}`;

/** The next time that the page asks for a score with this key, it gets this token. */
const ANSWER_EXECUTE = `function (siteKey, action, token, lifeMs) {
  const until = performance.now() + lifeMs;
  let isTaken = true;
  for (const api of [window.grecaptcha, window.grecaptcha?.enterprise]) {
    const execute = api?.execute;
    if (typeof execute !== 'function') continue;
    isTaken = false;
    api.execute = function (key, options) {
      const isAsked = key === siteKey && (!action || action === options?.action);
      if (isTaken || !isAsked || performance.now() > until) return execute.apply(this, arguments);
      isTaken = true;
      return Promise.resolve(token);
    };
  }
  return !isTaken;
}`;

/** What a token was asked for with, and where it goes. */
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

/** Of a widget that was rendered by a script, and says its key nowhere in the page. */
async function findSiteKey(document: PageDocument, signal: AbortSignal): Promise<string> {
  const call = { code: FIND_SITE_KEYS, args: [] };
  const keys = await document.callOnObjects(call, z.array(z.string()), signal);
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
  const { id } = found;
  const put = withDetection(`captchas.put(${id}, ${JSON.stringify(token)})`);
  const placed = await document.ask(put, Placed, signal);
  if (placed === 'gone') throw captchaError('captcha.page_gone');
  // Somebody else was faster: to call back twice could submit a form twice.
  if (placed === 'solved') return false;
  try {
    return await callBack(captcha, siteKey, token, signal);
  } catch (error) {
    // What the page itself gets wrong is no reason to pay for another token.
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
  const callOnAnchor = (code: string, args: unknown[]) =>
    document.callOn(withDetection(`captchas.anchor(${id})`), { code, args }, z.boolean(), signal);
  if (callback !== undefined) return callOnAnchor(CALL_NAMED, [callback, token]);
  if (kind === 'recaptcha_v3' || kind === 'recaptcha_v3_enterprise') {
    return callOnAnchor(ANSWER_EXECUTE, [siteKey, action ?? '', token, TOKEN_LIFE_MS]);
  }
  const call = { code: CALL_RENDERED, args: [siteKey, token] };
  return document.callOnObjects(call, z.boolean(), signal);
}
