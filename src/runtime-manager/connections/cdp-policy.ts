import { resolve, sep } from 'node:path';
import { z } from 'zod';

export const ACCESSES = ['control', 'observe'] as const;
export type Access = (typeof ACCESSES)[number];

/** Who sends a command: a client with its access, or a helper process of ours for one. */
export type Role = Access | 'helper';

export const CdpCommand = z.looseObject({
  id: z.int(),
  method: z.string(),
  params: z.record(z.string(), z.unknown()).optional(),
  sessionId: z.string().optional(),
});
export type CdpCommand = z.infer<typeof CdpCommand>;

/** `replace` is the command that goes in its place, `refuse` the reason it does not. */
export type Verdict = { pass: true } | { replace: CdpCommand } | { refuse: string };

const PASS: Verdict = { pass: true };

/** What an observer may send: it shows the page, and neither changes it nor reads what it keeps. */
const OBSERVABLE = new Set([
  'Browser.getVersion',
  'Target.getTargets',
  'Target.getTargetInfo',
  'Target.setDiscoverTargets',
  'Target.attachToTarget',
  'Target.detachFromTarget',
  'Page.enable',
  'Page.disable',
  'Page.getFrameTree',
  'Page.getLayoutMetrics',
  'Page.getNavigationHistory',
  'Page.setLifecycleEventsEnabled',
  'Page.captureScreenshot',
  'Page.startScreencast',
  'Page.stopScreencast',
  'Page.screencastFrameAck',
  'Performance.enable',
  'Performance.disable',
  'Performance.getMetrics',
]);

/** Commands that reach past the browser to the machine, or past this inspection. */
const REFUSED: Record<string, string> = {
  'Browser.getBrowserCommandLine': 'the machine is not shown',
  'Target.sendMessageToTarget': 'attach with flatten: true and use its sessionId',
  'Target.setRemoteLocations': 'the machine cannot be reached',
  'Tethering.bind': 'ports of the machine cannot be bound',
  'Tethering.unbind': 'ports of the machine cannot be bound',
  'PWA.launchFilesInApp': 'files of the machine cannot be opened',
};

/** Of Target.createBrowserContext: they would lead around what the runtime's traffic goes through. */
const PROXY_PARAMS = ['proxyServer', 'proxyBypassList'];

const LOAD = 'Extensions.loadUnpacked';
const CREATE_CONTEXT = 'Target.createBrowserContext';
const EXPOSE = 'Target.exposeDevToolsProtocol';

const LOCAL_URL = /^\s*(?:view-source:\s*)*(?:file|filesystem|chrome|chrome-untrusted|devtools):/i;

const DRAG = 'Input.dispatchDragEvent';
const FILE_COMMANDS = ['DOM.setFileInputFiles', DRAG];
const DOWNLOAD_COMMANDS = ['Browser.setDownloadBehavior', 'Page.setDownloadBehavior'];
const URL_COMMANDS = ['Page.navigate', 'Target.createTarget', 'Network.loadNetworkResource'];

/**
 * Whether a message could hold a command that is judged: everything else passes unread. Names can
 * hide behind escapes, so a message with one is read. Takes the bytes as latin1. Not a pattern that
 * ignores case as a whole: that takes six times as long.
 */
const SUSPECT = new RegExp(
  [
    ...[LOAD, EXPOSE, ...Object.keys(REFUSED), ...FILE_COMMANDS, ...DOWNLOAD_COMMANDS].map((name) =>
      name.replace('.', '\\.'),
    ),
    'SystemInfo\\.',
    ...PROXY_PARAMS,
    `"url"\\s*:\\s*"\\s*(?:${['view-source', 'file', 'chrome', 'devtools'].map(inAnyCase).join('|')})`,
    // Line breaks and tabs in an address, which browsers pass over.
    '"url"\\s*:\\s*"[^"]{0,40}\\\\[nrt]',
    // Escapes that JSON's common ones are not.
    '\\\\[^"\\\\/bfnrt]',
  ].join('|'),
);

function inAnyCase(text: string): string {
  return text.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

/** What does not start like a command is no command, or not one in JSON. */
const BRACE = '{'.charCodeAt(0);

export function isSuspect(payload: Buffer): boolean {
  return payload[0] !== BRACE || SUSPECT.test(payload.toString('latin1'));
}

/** What of the machine is the runtime's own. */
export interface RuntimeFiles {
  directory: string;
  /** Where Stagehand's extension is that browsers get. */
  stagehandExtension: string;
}

/** Decides on a command, by who sends it and what is the runtime's own. */
export function judge(command: CdpCommand, role: Role, files: RuntimeFiles): Verdict {
  const { method } = command;
  if (role === 'observe' && !OBSERVABLE.has(method)) {
    return { refuse: `${method} is not allowed on a connection that observes` };
  }
  // What a page sends by it is not inspected. chromedriver needs it, for WebDriver BiDi.
  if (method === EXPOSE && role !== 'helper') {
    return { refuse: `${method} is not allowed: pages get no protocol of their own` };
  }
  const reason = REFUSED[method];
  if (reason !== undefined) return { refuse: `${method} is not allowed: ${reason}` };
  if (method.startsWith('SystemInfo.')) {
    return { refuse: `${method} is not allowed: the machine is not shown` };
  }
  if (method === LOAD) return judgeExtension(command, files.stagehandExtension);
  if (FILE_COMMANDS.includes(method)) return judgeFiles(command, files.directory);
  if (DOWNLOAD_COMMANDS.includes(method)) return judgeDownload(command, files.directory);
  if (method === CREATE_CONTEXT) return judgeContext(command);
  if (URL_COMMANDS.includes(method)) return judgeUrl(command);
  return PASS;
}

/** Stagehand names its extension by a path on its own machine; the runtime has one of the kind. */
function judgeExtension(command: CdpCommand, stagehandExtension: string): Verdict {
  const path = command.params?.['path'];
  if (typeof path === 'string' && STAGEHAND.test(path)) {
    return { replace: { ...command, params: { path: stagehandExtension } } };
  }
  return { refuse: `${LOAD} is not allowed: extensions are named when the runtime is created` };
}

const STAGEHAND = /[\\/]@browserbasehq[\\/]stagehand[\\/]dist[\\/]extension[\\/]?$/;

/** What cannot be read here is not passed on: Chromium might read it otherwise. */
function judgeFiles({ method, params }: CdpCommand, directory: string): Verdict {
  const read = method === DRAG ? DragParams.safeParse(params) : InputParams.safeParse(params);
  const files = read.data?.data?.files ?? read.data?.files ?? [];
  if (read.success && files.every((file) => isInside(file, directory))) return PASS;
  return { refuse: `${method} is not allowed with files outside the runtime's directory` };
}

const Paths = z.array(z.string());
const InputParams = z.looseObject({ files: Paths, data: z.undefined().optional() });
const DragParams = z.looseObject({
  files: z.undefined().optional(),
  data: z.looseObject({ files: Paths.optional() }).optional(),
});

/**
 * Playwright names files by their id (`allowAndName`) in a directory of its own machine, and does
 * so for every context: its files are kept in the runtime's directory instead.
 */
function judgeDownload(command: CdpCommand, directory: string): Verdict {
  const { params, method } = command;
  const path = params?.['downloadPath'];
  if (path === undefined || (typeof path === 'string' && isInside(path, directory))) return PASS;
  if (params?.['behavior'] === 'allowAndName') {
    return {
      replace: { ...command, params: { ...params, downloadPath: `${directory}/downloads` } },
    };
  }
  return { refuse: `${method} is not allowed with a path outside the runtime's directory` };
}

function judgeContext({ method, params = {} }: CdpCommand): Verdict {
  if (PROXY_PARAMS.every((name) => params[name] === undefined)) return PASS;
  return { refuse: `${method} is not allowed with a proxy: the runtime's is for all its contexts` };
}

/** The browser blocks these too, whoever navigates; here the client learns why. */
function judgeUrl({ method, params }: CdpCommand): Verdict {
  const url = params?.['url'];
  if (typeof url !== 'string' || !LOCAL_URL.test(asBrowsersRead(url))) return PASS;
  return { refuse: `${method} is not allowed to an address of the machine itself` };
}

export function isInside(path: string, directory: string): boolean {
  return resolve(path).startsWith(directory + sep);
}

/** https://url.spec.whatwg.org/#concept-basic-url-parser drops these before it looks for a scheme. */
function asBrowsersRead(url: string): string {
  // oxlint-disable-next-line no-control-regex
  return url.replaceAll(/[\t\r\n]/g, '').replace(/^[\x00-\x20]+/, '');
}
