import { z } from 'zod';
import { RuntimeError } from '../errors.ts';
import type { DriverProtocol, Protocol } from '../runtime/access.ts';
import { parseJson } from './parse-json.ts';
import type { Inspection } from './websocket/websocket-bridge.ts';

/** What each address is called where a runtime is described, and which clients take it. */
const ADDRESSES = {
  cdp: { name: 'cdpUrl', takers: 'puppeteer.connect() and connectOverCDP() take' },
  playwright: { name: 'playwrightUrl', takers: 'chromium.connect() takes' },
  webdriver: { name: 'webdriverUrl', takers: 'Selenium and other clients of WebDriver take' },
  mcp: { name: 'mcpUrl', takers: 'clients of MCP take' },
} as const satisfies Record<Protocol, { name: string; takers: string }>;

const WEBDRIVER_PATH = /^(?:\/wd\/hub)?\/(?:session|status)(?:\/|$)/;
const CDP_PATH = /^\/(?:json|devtools)(?:\/|$)/;
const UNSUPPORTED = -32000;

const Message = z.object({
  id: z.union([z.int(), z.string()]),
  method: z.string(),
  /** Playwright's own protocol names an object in each message. */
  guid: z.string().optional(),
  sessionId: z.string().optional(),
});
type Message = z.infer<typeof Message>;

/** Throws `connection.unsupported` for an HTTP request that this address is not for. */
export function assertRightAddress(here: DriverProtocol, method: string, pathname: string): void {
  if (here !== 'webdriver' && WEBDRIVER_PATH.test(pathname)) throw wrongAddress(here, 'webdriver');
  if (here !== 'cdp' && CDP_PATH.test(pathname)) throw wrongAddress(here, 'cdp');
  // Somebody opens the address in a browser, or it is Playwright's, which is for websockets alone.
  if ((method === 'GET' && pathname === '/') || here === 'playwright') {
    const { name, takers } = ADDRESSES[here];
    const what = `This is the ${name} of a runtime, which is for programs: ${takers} it.`;
    throw new RuntimeError('connection.unsupported', what);
  }
}

/**
 * The refusal, in a client's own protocol, of a message that came to an address of another protocol;
 * undefined for a message that may be right here.
 */
export function answerToWrongClient(here: Protocol, json: unknown): Buffer | undefined {
  const { data: message } = Message.safeParse(json);
  const spoken = message && protocolOf(message);
  if (!message || !spoken || spoken === here) return undefined;
  return Buffer.from(JSON.stringify(refusalIn(spoken, message, sentence(here, spoken))));
}

/** Refuses messages of another protocol, and forwards all others as they came. */
export function refuseWrongClients(here: Protocol): Inspection {
  return ({ raw, payload }) => {
    const answer = answerToWrongClient(here, parseJson(payload));
    return answer ? { answer } : { forward: raw };
  };
}

/** Domains begin with a capital in CDP, and with a small letter in WebDriver BiDi. */
function protocolOf({ guid, method }: Message): DriverProtocol | undefined {
  if (guid !== undefined) return 'playwright';
  if (/^[A-Z]\w*\.\w+$/.test(method)) return 'cdp';
  return /^[a-z]\w*\.\w+$/.test(method) ? 'webdriver' : undefined;
}

function refusalIn(spoken: DriverProtocol, { id, sessionId }: Message, message: string): object {
  switch (spoken) {
    case 'cdp':
      return { id, error: { code: UNSUPPORTED, message }, sessionId };
    case 'playwright':
      return { id, error: { error: { name: 'Error', message, stack: '' } } };
    case 'webdriver':
      return { type: 'error', id, error: 'unsupported operation', message };
  }
}

/** The refusal of a client that speaks another protocol than this address. */
export function wrongAddress(here: Protocol, spoken: Protocol): RuntimeError {
  return new RuntimeError('connection.unsupported', sentence(here, spoken));
}

function sentence(here: Protocol, spoken: Protocol): string {
  const { name, takers } = ADDRESSES[spoken];
  return `This is the ${ADDRESSES[here].name} of a runtime: ${takers} its ${name}.`;
}
