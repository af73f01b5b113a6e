import { isIP } from 'node:net';
import type { Proxy } from '../runtime/launch.ts';
import type { FoundCaptcha } from './found.ts';
import type { TokenKind } from './kinds.ts';

/** A task of the protocol, as JSON. */
export interface SolverTask {
  type: string;
  [property: string]: unknown;
}

interface TaskType {
  /** The type's name with the runtime's proxy and without one; equal names: it takes no proxy. */
  proxied: string;
  proxyless: string;
  /** Whether the task takes the browser's user agent. */
  wantsUserAgent: boolean;
}

/**
 * The names that 2Captcha, Anti-Captcha and CapMonster share.
 * https://2captcha.com/api-docs, https://anti-captcha.com/apidoc, https://docs.capmonster.cloud
 */
const TYPES: Record<TokenKind, TaskType> = {
  recaptcha_v2: withProxy('RecaptchaV2Task', true),
  recaptcha_v2_enterprise: withProxy('RecaptchaV2EnterpriseTask', true),
  recaptcha_v3: withoutProxy('RecaptchaV3TaskProxyless'),
  recaptcha_v3_enterprise: withoutProxy('RecaptchaV3TaskProxyless'),
  hcaptcha: withProxy('HCaptchaTask', true),
  turnstile: withProxy('TurnstileTask', false),
};

/** https://docs.capsolver.com, whose names differ. */
const CAPSOLVER_TYPES: Record<TokenKind, TaskType> = {
  recaptcha_v2: withProxy('ReCaptchaV2Task', true, 'ProxyLess'),
  recaptcha_v2_enterprise: withProxy('ReCaptchaV2EnterpriseTask', true, 'ProxyLess'),
  recaptcha_v3: withProxy('ReCaptchaV3Task', false, 'ProxyLess'),
  recaptcha_v3_enterprise: withProxy('ReCaptchaV3EnterpriseTask', false, 'ProxyLess'),
  hcaptcha: withProxy('HCaptchaTask', true),
  turnstile: withoutProxy('AntiTurnstileTaskProxyLess'),
};

/** Of the scores that solvers offer (0.3, 0.7, 0.9), the one that sites mostly ask for. */
const MIN_SCORE = 0.7;

/** The task for a widget's token. `solverUrl` tells whose names to use. */
export function tokenTask(
  kind: TokenKind,
  found: FoundCaptcha,
  siteKey: string,
  { proxy, solverUrl }: { proxy: Proxy | undefined; solverUrl: string },
): SolverTask {
  const isCapSolver = /(?:^|\.)capsolver\.com$/.test(new URL(solverUrl).hostname);
  const type = (isCapSolver ? CAPSOLVER_TYPES : TYPES)[kind];
  const usesProxy = proxy !== undefined && type.proxied !== type.proxyless;
  return {
    type: usesProxy ? type.proxied : type.proxyless,
    websiteURL: found.url,
    websiteKey: siteKey,
    ...(usesProxy && proxyOf(proxy)),
    ...(type.wantsUserAgent && { userAgent: found.userAgent }),
    ...extrasOf(kind, found, isCapSolver),
  };
}

export function imageTask(bytes: string): SolverTask {
  return { type: 'ImageToTextTask', body: bytes };
}

/** A kind's own properties; JSON leaves out those that are undefined. */
function extrasOf(
  kind: TokenKind,
  { action, cData, dataS, isInvisible }: FoundCaptcha,
  isCapSolver: boolean,
): Record<string, unknown> {
  switch (kind) {
    case 'recaptcha_v2':
      return { isInvisible, recaptchaDataSValue: dataS };
    case 'recaptcha_v2_enterprise':
      return { isInvisible, enterprisePayload: dataS === undefined ? undefined : { s: dataS } };
    case 'recaptcha_v3':
      return { minScore: MIN_SCORE, pageAction: action };
    case 'recaptcha_v3_enterprise':
      return { minScore: MIN_SCORE, pageAction: action, isEnterprise: true };
    case 'hcaptcha':
      return { isInvisible };
    case 'turnstile':
      return isCapSolver ? { metadata: { action, cdata: cData } } : { action, data: cData, cData };
  }
}

/** The proxy with its password, since the solver has to get through it. */
function proxyOf({ type, host, port, username, password }: Proxy): Record<string, unknown> {
  const bare = host.replace(/^\[|\]$/g, '');
  return {
    proxyType: type,
    proxyAddress: isIP(bare) === 0 ? host : bare,
    proxyPort: port,
    ...(username !== undefined && { proxyLogin: username, proxyPassword: password }),
  };
}

function withProxy(proxied: string, wantsUserAgent: boolean, suffix = 'Proxyless'): TaskType {
  return { proxied, proxyless: `${proxied}${suffix}`, wantsUserAgent };
}

function withoutProxy(name: string): TaskType {
  return { proxied: name, proxyless: name, wantsUserAgent: false };
}
