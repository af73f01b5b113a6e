import { z } from 'zod';
import { RuntimeError } from '../errors.ts';
import { toWebSocket } from './cdp-discovery.ts';
import { parseJson } from './cdp-inspection.ts';

/** https://www.w3.org/TR/webdriver2/#capabilities */
const Capabilities = z.record(z.string(), z.unknown());
const NewSession = z.object({
  capabilities: z
    .object({
      alwaysMatch: Capabilities.default({}),
      firstMatch: z.array(Capabilities).default([{}]),
    })
    .default({ alwaysMatch: {}, firstMatch: [{}] }),
});
const Created = z.looseObject({
  value: z.looseObject({ sessionId: z.string(), capabilities: Capabilities }),
});

/** How a client wants to work; which browser it gets, and how that was started, is settled. */
const KEPT = [
  'acceptInsecureCerts',
  'pageLoadStrategy',
  'strictFileInteractability',
  'timeouts',
  'unhandledPromptBehavior',
  'webSocketUrl',
];
const CHROMIUM_NAMES = ['chrome', 'chromium', 'googlechrome'];

/** The body of `POST /session` that attaches to the browser, whatever the client would start. */
export function attachInstead(body: Buffer, debuggerAddress: string): Buffer {
  const wanted = wantedOf(body);
  const name = wanted['browserName'];
  if (typeof name === 'string' && !CHROMIUM_NAMES.includes(name.toLowerCase())) {
    throw new RuntimeError('connection.unsupported', `This runtime is a Chromium, not ${name}.`);
  }
  const kept = KEPT.filter((key) => key in wanted).map((key) => [key, wanted[key]]);
  const alwaysMatch = {
    ...Object.fromEntries(kept),
    'goog:chromeOptions': { debuggerAddress },
  };
  return Buffer.from(JSON.stringify({ capabilities: { alwaysMatch } }));
}

function wantedOf(body: Buffer): z.infer<typeof Capabilities> {
  try {
    const { capabilities } = NewSession.parse(JSON.parse(body.toString('utf8')));
    return { ...capabilities.alwaysMatch, ...capabilities.firstMatch[0] };
  } catch (cause) {
    throw new RuntimeError('connection.unsupported', 'The body is no request for a session.', {
      cause,
    });
  }
}

/** The answer of `POST /session` with addresses that lead here; undefined when it was refused. */
export function publishSession(
  answer: Buffer,
  base: string,
): { sessionId: string; body: Buffer } | undefined {
  const created = Created.safeParse(parseJson(answer));
  if (!created.success) return undefined;
  const { value } = created.data;
  const { 'goog:chromeOptions': _, webSocketUrl, ...capabilities } = value.capabilities;
  const published = {
    ...capabilities,
    ...(typeof webSocketUrl === 'string' && {
      webSocketUrl: `${toWebSocket(base)}/session/${value.sessionId}`,
    }),
  };
  const body = { ...created.data, value: { ...value, capabilities: published } };
  return { sessionId: value.sessionId, body: Buffer.from(JSON.stringify(body)) };
}
