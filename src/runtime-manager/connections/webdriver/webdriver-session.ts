import { z } from 'zod';
import { toWebSocket } from '../cdp/cdp-discovery.ts';
import { parseJson } from '../parse-json.ts';
import { Capabilities, type Granted } from './webdriver-capabilities.ts';

/** The capabilities that concern WebDriver BiDi too. */
const KEPT_BY_BIDI = ['acceptInsecureCerts', 'unhandledPromptBehavior'];

const Created = z.looseObject({
  value: z.looseObject({ sessionId: z.string(), capabilities: Capabilities }),
});

/**
 * The body that attaches to the browser. chromedriver is not asked for WebDriver BiDi, which we serve
 * ourselves.
 */
export function toAttach({ capabilities, chromeOptions }: Granted, debuggerAddress: string) {
  const alwaysMatch = {
    ...capabilities,
    'goog:chromeOptions': { ...chromeOptions, debuggerAddress },
  };
  return Buffer.from(JSON.stringify({ capabilities: { alwaysMatch } }));
}

/** The capabilities of a session's BiDi sockets; undefined: it has none. */
export function bidiCapabilities({ bidi, capabilities }: Granted): Capabilities | undefined {
  if (!bidi) return undefined;
  const kept = KEPT_BY_BIDI.filter((name) => name in capabilities);
  return Object.fromEntries(kept.map((name) => [name, capabilities[name]]));
}

/** The id of the session in an answer of `POST /session`; undefined: there is none. */
export function sessionIdIn(answer: Buffer): string | undefined {
  return Created.safeParse(parseJson(answer)).data?.value.sessionId;
}

/** What an answer of `POST /session` has to say beside what chromedriver says. */
export interface Published {
  /** The connection's address with a ticket in it: an http(s) URL without a slash at its end. */
  base: string;
  platformName: string;
  hasBidi: boolean;
}

/**
 * The answer of `POST /session` with addresses that lead here. All lie below the session, so that
 * they let in the same clients as the connection, and for as long. Clients recognize Chrome by
 * `goog:chromeOptions`, and take CDP at `se:cdp` rather than at the address without a scheme.
 */
export function publishSession(answer: Buffer, { base, platformName, hasBidi }: Published): Buffer {
  const { value, ...rest } = Created.parse(parseJson(answer));
  const session = `${base}/session/${value.sessionId}`;
  const capabilities = {
    ...value.capabilities,
    platformName,
    // chromedriver says false, although it does set the rectangle.
    setWindowRect: true,
    'goog:chromeOptions': { debuggerAddress: withPort(`${session}/se/cdp`) },
    'se:cdp': `${toWebSocket(session)}/se/cdp`,
    'se:cdpVersion': value.capabilities['browserVersion'],
    ...(hasBidi && { webSocketUrl: toWebSocket(session) }),
  };
  return Buffer.from(JSON.stringify({ ...rest, value: { ...value, capabilities } }));
}

/** An address with a port, which clients look for, and without `http://`, which they add. */
function withPort(url: string): string {
  const { protocol, hostname, port, pathname } = new URL(url);
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}${pathname}`;
}
