import { z } from 'zod';
import { isOwnFile, seenPart } from '../../browser/own-files.ts';
import { judge, type RuntimeFiles } from '../cdp/cdp-policy.ts';

/** https://www.w3.org/TR/webdriver-bidi/#protocol */
export const BidiCommand = z.object({
  id: z.int(),
  method: z.string(),
  params: z.record(z.string(), z.unknown()).default({}),
  'goog:channel': z.string().optional(),
});
export type BidiCommand = z.infer<typeof BidiCommand>;

type Params = BidiCommand['params'];

/** `pass` are the parameters that go on, `refuse` the reason why none do. */
export type BidiVerdict = { pass: Params } | { refuse: string; error: string };

const SCOPE = ['contexts', 'userContexts'];
const SERIALIZED = ['resultOwnership', 'serializationOptions'];
const ANSWER = ['request', 'cookies', 'headers', 'reasonPhrase', 'statusCode'];

/**
 * The commands that clients may send, and the parameters of each: all that is served of the
 * standard, except what would reach the machine (extensions from its files, Bluetooth devices near
 * it). Two parameters are no longer in the standard (`sandbox` of locateNodes, `contexts` of
 * unsubscribe), but Selenium sends them; they have no effect.
 */
const COMMANDS = new Map<string, string[]>(
  Object.entries({
    'browser.close': [],
    'browser.createUserContext': ['acceptInsecureCerts', 'unhandledPromptBehavior'],
    'browser.getClientWindows': [],
    'browser.getUserContexts': [],
    'browser.removeUserContext': ['userContext'],
    'browser.setClientWindowState': ['clientWindow', 'state', 'width', 'height', 'x', 'y'],
    'browser.setDownloadBehavior': ['downloadBehavior', 'userContexts'],
    'browsingContext.activate': ['context'],
    'browsingContext.captureScreenshot': ['context', 'origin', 'format', 'clip', 'imageSize'],
    'browsingContext.close': ['context', 'promptUnload'],
    'browsingContext.create': ['type', 'referenceContext', 'background', 'userContext'],
    'browsingContext.getTree': ['maxDepth', 'root'],
    'browsingContext.handleUserPrompt': ['context', 'accept', 'userText'],
    'browsingContext.locateNodes': [
      'context',
      'locator',
      'maxNodeCount',
      'serializationOptions',
      'startNodes',
      'sandbox',
    ],
    'browsingContext.navigate': ['context', 'url', 'wait'],
    'browsingContext.print': [
      'context',
      'background',
      'margin',
      'orientation',
      'page',
      'pageRanges',
      'scale',
      'shrinkToFit',
    ],
    'browsingContext.reload': ['context', 'ignoreCache', 'wait'],
    'browsingContext.setViewport': ['context', 'viewport', 'devicePixelRatio', 'userContexts'],
    'browsingContext.traverseHistory': ['context', 'delta'],
    'digitalCredentials.setVirtualWalletBehavior': ['action', 'context', 'protocol', 'response'],
    'emulation.setGeolocationOverride': ['coordinates', 'error', ...SCOPE],
    'emulation.setLocaleOverride': ['locale', ...SCOPE],
    'emulation.setMediaFeaturesOverride': ['features', ...SCOPE],
    'emulation.setNetworkConditions': ['networkConditions', ...SCOPE],
    'emulation.setScreenOrientationOverride': ['screenOrientation', ...SCOPE],
    'emulation.setScreenSettingsOverride': ['screenArea', ...SCOPE],
    'emulation.setScriptingEnabled': ['enabled', ...SCOPE],
    'emulation.setScrollbarTypeOverride': ['scrollbarType', ...SCOPE],
    'emulation.setTimezoneOverride': ['timezone', ...SCOPE],
    'emulation.setTouchOverride': ['maxTouchPoints', ...SCOPE],
    'emulation.setUserAgentOverride': ['userAgent', ...SCOPE],
    'emulation.setViewportMetaOverride': ['viewportMeta', ...SCOPE],
    'goog:cdp.getSession': ['context'],
    'goog:cdp.resolveRealm': ['realm'],
    'goog:cdp.sendCommand': ['method', 'params', 'session'],
    'input.performActions': ['context', 'actions'],
    'input.releaseActions': ['context'],
    'input.setFiles': ['context', 'element', 'files'],
    'network.addDataCollector': ['dataTypes', 'maxEncodedDataSize', 'collectorType', ...SCOPE],
    'network.addIntercept': ['phases', 'contexts', 'urlPatterns'],
    'network.continueRequest': ['request', 'body', 'cookies', 'headers', 'method', 'url'],
    'network.continueResponse': [...ANSWER, 'credentials'],
    'network.continueWithAuth': ['request', 'action', 'credentials'],
    'network.disownData': ['dataType', 'collector', 'request'],
    'network.failRequest': ['request'],
    'network.getData': ['dataType', 'collector', 'disown', 'request'],
    'network.provideResponse': [...ANSWER, 'body'],
    'network.removeDataCollector': ['collector'],
    'network.removeIntercept': ['intercept'],
    'network.setCacheBehavior': ['cacheBehavior', 'contexts'],
    'network.setExtraHeaders': ['headers', ...SCOPE],
    'permissions.setPermission': [
      'descriptor',
      'state',
      'origin',
      'embeddedOrigin',
      'userContext',
      'goog:userContext',
    ],
    'script.addPreloadScript': ['functionDeclaration', 'arguments', 'sandbox', ...SCOPE],
    'script.callFunction': [
      'functionDeclaration',
      'awaitPromise',
      'target',
      'arguments',
      'this',
      'userActivation',
      ...SERIALIZED,
    ],
    'script.disown': ['handles', 'target'],
    'script.evaluate': ['expression', 'target', 'awaitPromise', 'userActivation', ...SERIALIZED],
    'script.getRealms': ['context', 'type'],
    'script.removePreloadScript': ['script'],
    'session.end': [],
    'session.new': ['capabilities'],
    'session.status': [],
    'session.subscribe': ['events', ...SCOPE],
    'session.unsubscribe': ['events', 'subscriptions', 'contexts'],
    'storage.deleteCookies': ['filter', 'partition'],
    'storage.getCookies': ['filter', 'partition'],
    'storage.setCookie': ['cookie', 'partition'],
    'userAgentClientHints.setClientHintsOverride': ['clientHints', ...SCOPE],
  }),
);

/** Why some other commands are not served. */
const EXTENSIONS = 'extensions are named when the runtime is created';
const REASONS = new Map([
  ['webExtension.install', EXTENSIONS],
  ['webExtension.uninstall', EXTENSIONS],
]);
const PROXY_PARAMS = ['proxy', 'goog:proxyServer', 'goog:proxyBypassList'];

const CdpCommand = z.object({
  method: z.string(),
  params: z.record(z.string(), z.unknown()).optional(),
  session: z.string().optional(),
});
const Files = z.object({ files: z.array(z.string()) });
const Allowed = z.object({ downloadBehavior: z.object({ type: z.literal('allowed') }) });

type Check = (command: BidiCommand, files: RuntimeFiles) => BidiVerdict;

/** Commands of which more is looked at than the names of parameters. */
const CHECKS = new Map<string, Check>(
  Object.entries({
    'browser.setDownloadBehavior': judgeDownload,
    'browsingContext.navigate': judgeUrl,
    'goog:cdp.sendCommand': judgeCdp,
    'input.setFiles': judgeFiles,
    'network.continueRequest': judgeUrl,
    'session.new': () => ({ error: 'session not created', refuse: 'The session exists already' }),
  }),
);

/** Decides on a command of WebDriver BiDi, by what is the runtime's own. */
export function judgeBidi(command: BidiCommand, files: RuntimeFiles): BidiVerdict {
  const { method, params } = command;
  const allowed = COMMANDS.get(method);
  if (!allowed) return unsupported(`${method} is not allowed${because(REASONS.get(method))}`);
  const others = Object.keys(params).filter((name) => !allowed.includes(name));
  if (
    method === 'browser.createUserContext' &&
    others.some((name) => PROXY_PARAMS.includes(name))
  ) {
    return unsupported(
      `${method} is not allowed with a proxy: the runtime's is for all its contexts`,
    );
  }
  const [other] = others;
  if (other !== undefined) return invalid(`${method} does not take the parameter ${other}`);
  return CHECKS.get(method)?.(command, files) ?? { pass: params };
}

/** The command of CDP that a command of BiDi hands on, if any. */
export function innerCommand({ method, params }: BidiCommand): string | undefined {
  return method === 'goog:cdp.sendCommand' ? CdpCommand.safeParse(params).data?.method : undefined;
}

function judgeCdp({ params }: BidiCommand, files: RuntimeFiles): BidiVerdict {
  const { data } = CdpCommand.safeParse(params);
  if (!data) return invalid('This is no command of CDP');
  const { method, params: inner } = data;
  const verdict = judge({ id: 0, method, params: inner }, 'control', files);
  if ('refuse' in verdict) return unsupported(verdict.refuse);
  if ('pass' in verdict) return { pass: data };
  return { pass: { ...data, params: verdict.replace.params } };
}

function judgeFiles({ method, params }: BidiCommand, files: RuntimeFiles): BidiVerdict {
  const { data } = Files.safeParse(params);
  if (data?.files.every((path) => isOwnFile(path, files))) return { pass: params };
  return unsupported(`${method} is not allowed with files that are not the runtime's own`);
}

/** The service says where downloads are kept, not the client. */
function judgeDownload({ params }: BidiCommand, files: RuntimeFiles): BidiVerdict {
  if (!Allowed.safeParse(params).success) return { pass: params };
  const downloadBehavior = { type: 'allowed', destinationFolder: seenPart(files, 'downloads') };
  return { pass: { ...params, downloadBehavior } };
}

/** Judges an address as for CDP, where it goes in the end. */
function judgeUrl({ method, params }: BidiCommand, files: RuntimeFiles): BidiVerdict {
  const { url } = params;
  const verdict = judge({ id: 0, method: 'Page.navigate', params: { url } }, 'control', files);
  if (!('refuse' in verdict)) return { pass: params };
  return unsupported(`${method} is not allowed to an address of the machine itself`);
}

function because(reason: string | undefined): string {
  return reason === undefined ? '' : `: ${reason}`;
}

function unsupported(refuse: string): BidiVerdict {
  return { error: 'unsupported operation', refuse };
}

function invalid(refuse: string): BidiVerdict {
  return { error: 'invalid argument', refuse };
}
