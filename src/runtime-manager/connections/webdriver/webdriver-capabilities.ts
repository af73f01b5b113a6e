import { z } from 'zod';
import type { BrowserFacts } from '../cdp/browser-facts.ts';
import type { WindowWish } from './chrome-arguments.ts';
import { readChromeOptions } from './chrome-options.ts';
import { WebDriverError } from './webdriver-errors.ts';

/** https://www.w3.org/TR/webdriver2/#capabilities */
export const Capabilities = z.record(z.string(), z.unknown());
export type Capabilities = z.infer<typeof Capabilities>;
const NewSession = z.object({
  capabilities: z.object({
    alwaysMatch: Capabilities.default({}),
    firstMatch: z.array(Capabilities).min(1).default([{}]),
  }),
});

/** What a session is made with. */
export interface Granted {
  /** The capabilities for chromedriver, without `goog:chromeOptions`. */
  capabilities: Capabilities;
  chromeOptions: Capabilities;
  window: WindowWish;
  /** The client asked for WebDriver BiDi. */
  bidi: boolean;
}

const CHROMIUM_NAMES = ['chrome', 'chromium', 'googlechrome'];
/** Labels of the newest version, and no version at all. */
const ANY_VERSION = ['', 'stable', 'latest'];

/** chromedriver reads and carries these out itself. */
const PASSED_ON = new Set([
  'acceptInsecureCerts',
  'fedcm:accounts',
  'goog:loggingPrefs',
  'pageLoadStrategy',
  'strictFileInteractability',
  'timeouts',
  'unhandledPromptBehavior',
  'webauthn:extension:credBlob',
  'webauthn:extension:largeBlob',
  'webauthn:extension:minPinLength',
  'webauthn:extension:prf',
  'webauthn:virtualAuthenticators',
]);

/** Clients send these for themselves, for a Selenium Grid on the way, or for people to read. */
const WITHOUT_EFFECT = new Set(['se:name', 'se:remoteUrl', 'wdio:enforceWebDriverClassic']);

/** A sentence that says why a value cannot be had; undefined when it can. Throws for another type. */
type Match = (value: unknown, facts: BrowserFacts) => string | undefined;

const MATCHES = new Map<string, Match>(
  Object.entries({
    browserName: (value) => {
      const name = z.string().parse(value);
      if (CHROMIUM_NAMES.includes(name.toLowerCase())) return undefined;
      return `browserName: This runtime is a Chromium, not ${name}.`;
    },
    browserVersion: (value, { version }) => {
      const wanted = z.string().parse(value);
      if (ANY_VERSION.includes(wanted) || `${version}.`.startsWith(`${wanted}.`)) return undefined;
      return `browserVersion: This runtime's Chromium has version ${version}, not ${wanted}.`;
    },
    platformName: (value, { platformName }) => {
      const wanted = z.string().parse(value);
      if (['', 'any', platformName].includes(wanted.toLowerCase())) return undefined;
      return `platformName: This runtime is on ${platformName}, not ${wanted}.`;
    },
    proxy: (value) => {
      const { proxyType } = Capabilities.parse(value);
      if (proxyType === undefined || proxyType === 'system') return undefined;
      return "proxy: A runtime's proxy is set when it is created, or by PUT …/proxy.";
    },
    'se:cdpEnabled': (value) =>
      z.boolean().parse(value) ? undefined : 'se:cdpEnabled: CDP is always served.',
    setWindowRect: (value) =>
      z.boolean().parse(value) ? undefined : 'setWindowRect: Windows can always be moved.',
  }),
);

/**
 * Processes what a client asks for by `POST /session`, as WebDriver says: merges each entry of
 * firstMatch with alwaysMatch, and grants the first that can be had wholly. Throws a
 * `WebDriverError` that names what cannot be had or read.
 */
export function grant(body: unknown, facts: BrowserFacts): Granted {
  const read = NewSession.safeParse(body);
  if (!read.success) throw malformed('The body is no request for a session', read.error);
  const { alwaysMatch, firstMatch } = read.data.capabilities;
  const all = firstMatch.map((entry) => decide(merge(alwaysMatch, entry), facts));
  const granted = all.find(({ objections }) => objections.length === 0);
  if (granted) return granted;
  const reasons = all.map(({ objections }, index) =>
    all.length === 1 ? objections.join(' ') : `firstMatch[${index}]: ${objections.join(' ')}`,
  );
  throw new WebDriverError('session not created', reasons.join(' '));
}

/** https://www.w3.org/TR/webdriver2/#dfn-merging-capabilities; null stands for an absent value. */
function merge(always: Capabilities, first: Capabilities): Capabilities {
  const [one, other] = [withoutNulls(always), withoutNulls(first)];
  const twice = Object.keys(other).find((name) => name in one);
  if (twice === undefined) return { ...one, ...other };
  throw new WebDriverError(
    'invalid argument',
    `${twice}: It is in alwaysMatch and in an entry of firstMatch; leave one of them out.`,
  );
}

function withoutNulls(capabilities: Capabilities): Capabilities {
  return Object.fromEntries(Object.entries(capabilities).filter(([, value]) => value !== null));
}

function decide(wanted: Capabilities, facts: BrowserFacts): Granted & { objections: string[] } {
  const { webSocketUrl, 'goog:chromeOptions': options = {}, ...others } = wanted;
  const { passedOn, window, objections } = reading('goog:chromeOptions', () =>
    readChromeOptions(options),
  );
  const bidi = reading('webSocketUrl', () => z.boolean().default(false).parse(webSocketUrl));
  for (const [name, value] of Object.entries(others)) {
    const objection = reading(name, () => objectionTo(name, value, facts));
    if (objection !== undefined) objections.push(objection);
  }
  const capabilities = Object.fromEntries(
    Object.entries(others).filter(([name]) => PASSED_ON.has(name)),
  );
  return { capabilities, chromeOptions: passedOn, window, bidi, objections };
}

function objectionTo(name: string, value: unknown, facts: BrowserFacts): string | undefined {
  if (PASSED_ON.has(name) || WITHOUT_EFFECT.has(name)) return undefined;
  const match = MATCHES.get(name);
  if (match) return match(value, facts);
  if (name.includes(':')) return `${name}: It is not known here; leave it out.`;
  throw new WebDriverError(
    'invalid argument',
    `${name}: WebDriver has no such capability; those of vendors have a prefix, such as goog:.`,
  );
}

function reading<Read>(name: string, read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    if (error instanceof z.ZodError) throw malformed(name, error);
    throw error;
  }
}

function malformed(what: string, { issues }: z.ZodError): WebDriverError {
  const said = issues.map(({ path, message }) => [...path.map(String), message].join(': '));
  return new WebDriverError('invalid argument', `${what}: ${said.join('; ')}.`);
}
