import { z } from 'zod';
import type { CdpEvent, CdpPipe } from './cdp/cdp-pipe.ts';

const Brands = z.array(z.object({ brand: z.string(), version: z.string() }));
/** What `navigator.userAgentData` tells. */
const Hints = z.object({
  brands: Brands,
  fullVersionList: Brands,
  uaFullVersion: z.string(),
  platform: z.string(),
  platformVersion: z.string(),
  architecture: z.string(),
  model: z.string(),
  mobile: z.boolean(),
  bitness: z.string(),
  wow64: z.boolean(),
  formFactors: z.array(z.string()),
});
export type ClientHints = z.infer<typeof Hints>;

const Attached = z.object({ sessionId: z.string() });
const AttachedTarget = z.object({ sessionId: z.string(), waitingForDebugger: z.boolean() });
const Evaluated = z.object({ result: z.object({ value: Hints }) });
const Paused = z.object({ requestId: z.string() });
const Nothing = z.object({});

/** Chromium tells its hints to secure pages only; this one is answered here and asked of nobody. */
const SECURE_PAGE = 'https://hints.invalid/';
const ASK = `navigator.userAgentData.getHighEntropyValues(${JSON.stringify(Object.keys(Hints.shape))})`;
const COMMAND_TIMEOUT_MS = 10_000;

/** The hints of a Chromium that was launched without `--user-agent`. Leaves its page elsewhere. */
export async function readClientHints(
  pipe: CdpPipe,
  targetId: string,
  signal: AbortSignal,
): Promise<ClientHints> {
  const attach = { targetId, flatten: true };
  const { sessionId } = await pipe.send('Target.attachToTarget', attach, Attached, signal);
  const send = <T>(method: string, params: Record<string, unknown>, result: z.ZodType<T>) =>
    pipe.send(method, params, result, signal, sessionId);
  const unlisten = pipe.listen(({ method, params }) => {
    if (method !== 'Fetch.requestPaused') return;
    const { requestId = '' } = Paused.safeParse(params).data ?? {};
    send('Fetch.fulfillRequest', { requestId, responseCode: 200 }, Nothing).catch(() => undefined);
  });
  try {
    await send('Fetch.enable', {}, Nothing);
    await send('Page.navigate', { url: SECURE_PAGE }, Nothing);
    const ask = { expression: ASK, awaitPromise: true, returnByValue: true };
    return (await send('Runtime.evaluate', ask, Evaluated)).result.value;
  } finally {
    unlisten();
  }
}

/**
 * Gives a browser with a user agent of its own the hints back, which Chromium empties beside
 * `--user-agent`: no flag does that, so it takes a debugging session with every page, frame and
 * worker. Each waits at its start until it has them, so its first request tells them, too. Call it
 * before there is a page.
 */
export async function giveClientHints(
  pipe: CdpPipe,
  { userAgent, hints }: { userAgent: string; hints: ClientHints },
  signal: AbortSignal,
): Promise<void> {
  const { uaFullVersion: fullVersion, ...known } = hints;
  const override = { userAgent, userAgentMetadata: { ...known, fullVersion } };
  const ours = new Set<string>();
  pipe.listen(({ method, params, sessionId: parent }: CdpEvent) => {
    if (method === 'Target.detachedFromTarget') {
      ours.delete(Attached.safeParse(params).data?.sessionId ?? '');
    }
    const attached = AttachedTarget.safeParse(params).data;
    if (method !== 'Target.attachedToTarget' || !attached) return;
    const { sessionId, waitingForDebugger } = attached;
    // Others have sessions here as well, which wait for nothing.
    if (parent === undefined ? !waitingForDebugger : !ours.has(parent)) return;
    ours.add(sessionId);
    // Some kinds of targets know no override: they go on as they are.
    const commands = [
      ['Emulation.setUserAgentOverride', override],
      ['Target.setAutoAttach', FOLLOW],
      ['Runtime.runIfWaitingForDebugger', {}],
    ] as const;
    const late = AbortSignal.timeout(COMMAND_TIMEOUT_MS);
    for (const [command, options] of commands) {
      pipe.send(command, options, Nothing, late, sessionId).catch(() => undefined);
    }
  });
  await pipe.send('Target.setAutoAttach', FOLLOW, Nothing, signal);
}

const FOLLOW = { autoAttach: true, waitForDebuggerOnStart: true, flatten: true };
