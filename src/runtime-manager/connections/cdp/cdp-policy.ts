import { z } from 'zod';
import { asBrowserFinds } from './context-proxy.ts';
import { HARMLESS, reasonAgainst } from './cdp-commands.ts';
import { REASON_MAX } from '../../control/control.ts';
import { isOwnFile, seenPart, type FilesFolder } from '../../browser/own-files.ts';
import type { Access } from '../../runtime/access.ts';

/** Who sends a command: a client with its access, or for a client Playwright's server or those of WebDriver. */
export type Role = Access | 'playwright' | 'webdriver';

export const CdpCommand = z.looseObject({
  id: z.int(),
  method: z.string(),
  params: z.record(z.string(), z.unknown()).optional(),
  sessionId: z.string().optional(),
});
export type CdpCommand = z.infer<typeof CdpCommand>;

/**
 * `replace` is the command that goes on in place of the given one, `refuse` the reason why none
 * does; `unknown`: Chromium has no such command, as far as we know.
 */
export type Verdict =
  | { pass: true }
  | { replace: CdpCommand }
  | { refuse: string; unknown?: boolean };

const PASS: Verdict = { pass: true };

/** What an observer may send: commands that show the page, but do not change it or read its data. */
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

/** Which files of the machine are the runtime's own. */
export interface RuntimeFiles extends FilesFolder {
  /** The path of the Stagehand extension that browsers get. */
  stagehandExtension: string;
  /**
   * The port at which the browser finds proxies that Playwright's server offers it; undefined: the
   * browser cannot reach them.
   */
  contextProxyPort?: number | undefined;
}

type Judge = (command: CdpCommand, files: RuntimeFiles, role: Role) => Verdict;

/** Commands that are judged by their parameters, with their judges. */
const JUDGES: ReadonlyMap<string, Judge> = new Map<string, Judge>([
  ['Bctrl.getControl', judgeGetControl],
  ['Bctrl.requestHandoff', judgeHandoff],
  ['Browser.setDownloadBehavior', judgeDownload],
  ['DOM.setFileInputFiles', judgeInput],
  ['Extensions.loadUnpacked', judgeExtension],
  ['Input.dispatchDragEvent', judgeDrag],
  ['Network.loadNetworkResource', judgeUrl],
  ['Page.navigate', judgeUrl],
  ['Page.setDownloadBehavior', judgeDownload],
  ['Target.createBrowserContext', judgeContext],
  ['Target.createTarget', judgeUrl],
  ['Tracing.start', judgeTracing],
]);

/** Decides on a command, by its sender and by what is the runtime's own. */
export function judge(command: CdpCommand, role: Role, files: RuntimeFiles): Verdict {
  const { method } = command;
  if (role === 'observe' && !OBSERVABLE.has(method)) {
    return { refuse: `${method} is not allowed on a connection that observes` };
  }
  if (HARMLESS.has(method)) return PASS;
  const judgeThis = JUDGES.get(method);
  if (judgeThis) return judgeThis(command, files, role);
  const reason = reasonAgainst(method);
  if (reason !== undefined) return refuse(command, `: ${reason}`);
  return { refuse: `${method} is not known here`, unknown: true };
}

function refuse({ method }: CdpCommand, why: string): Verdict {
  return { refuse: `${method} is not allowed${why}` };
}

/** The parameters of `Bctrl.requestHandoff`. */
export const HandoffParams = z.strictObject({ reason: z.string().trim().min(1).max(REASON_MAX) });

function judgeHandoff({ method, params }: CdpCommand): Verdict {
  if (HandoffParams.safeParse(params).success) return PASS;
  return {
    refuse: `${method} takes one parameter, reason: a text of 1 to ${REASON_MAX} characters`,
  };
}

function judgeGetControl({ method, params = {} }: CdpCommand): Verdict {
  return Object.keys(params).length === 0 ? PASS : { refuse: `${method} takes no parameters` };
}

/** Stagehand names its extension by a path on its own machine; the runtime has one of its own. */
function judgeExtension(command: CdpCommand, { stagehandExtension }: RuntimeFiles): Verdict {
  const path = command.params?.['path'];
  if (typeof path === 'string' && STAGEHAND.test(path)) {
    return { replace: { ...command, params: { path: stagehandExtension } } };
  }
  return refuse(command, ': extensions are named when the runtime is created');
}

const STAGEHAND = /[\\/]@browserbasehq[\\/]stagehand[\\/]dist[\\/]extension[\\/]?$/;

/** Each path is looked up on the machine. */
const FILES_MAX = 10_000;
const Paths = z.array(z.string()).max(FILES_MAX);
const InputParams = z.looseObject({ files: Paths });
const DragParams = z.looseObject({ data: z.looseObject({ files: Paths.optional() }).optional() });

function judgeInput(command: CdpCommand, files: RuntimeFiles): Verdict {
  return judgeFiles(command, InputParams.safeParse(command.params).data?.files, files);
}

function judgeDrag(command: CdpCommand, files: RuntimeFiles): Verdict {
  const read = DragParams.safeParse(command.params);
  return judgeFiles(command, read.success ? (read.data.data?.files ?? []) : undefined, files);
}

/** Refuses what cannot be read here, since Chromium might read it otherwise. */
function judgeFiles(
  command: CdpCommand,
  paths: string[] | undefined,
  files: RuntimeFiles,
): Verdict {
  if (paths?.every((path) => isOwnFile(path, files))) return PASS;
  return refuse(command, " with files that are not the runtime's own");
}

/**
 * Clients name directories of their own machine, and Playwright's clients name one for every context.
 * All downloads go to one folder instead, which Playwright's helper sees and has a place in.
 */
function judgeDownload(command: CdpCommand, files: RuntimeFiles, role: Role): Verdict {
  const { params } = command;
  const path = params?.['downloadPath'];
  const isOwn = typeof path === 'string' && isOwnFile(path, files);
  if (path === undefined || (role === 'playwright' && isOwn)) return PASS;
  return {
    replace: { ...command, params: { ...params, downloadPath: seenPart(files, 'downloads') } },
  };
}

/** These would lead traffic around what the runtime's traffic goes through. */
const PROXY_PARAMS = ['proxyServer', 'proxyBypassList'];

/** Allows only the proxy that Playwright's server offers: its connections go the runtime's way. */
function judgeContext(command: CdpCommand, files: RuntimeFiles, role: Role): Verdict {
  const { params = {} } = command;
  if (PROXY_PARAMS.every((name) => params[name] === undefined)) return PASS;
  const { contextProxyPort } = files;
  if (role === 'playwright' && contextProxyPort !== undefined) {
    const proxyServer = asBrowserFinds(params['proxyServer'], contextProxyPort);
    const proxyBypassList = '<-loopback>';
    if (proxyServer !== undefined) {
      return { replace: { ...command, params: { ...params, proxyServer, proxyBypassList } } };
    }
  }
  return refuse(command, " with a proxy: the runtime's is for all its contexts");
}

const LOCAL_URL = /^\s*(?:view-source:\s*)*(?:file|filesystem|chrome|chrome-untrusted|devtools):/i;

/** The browser blocks these addresses too, whoever navigates; here the client learns why. */
function judgeUrl(command: CdpCommand): Verdict {
  const url = command.params?.['url'];
  if (typeof url !== 'string' || !LOCAL_URL.test(asBrowsersRead(url))) return PASS;
  return refuse(command, ' to an address of the machine itself');
}

/** The parser of URLs drops these first: https://url.spec.whatwg.org/#concept-basic-url-parser */
function asBrowsersRead(url: string): string {
  // oxlint-disable-next-line no-control-regex
  return url.replaceAll(/[\t\r\n]/g, '').replace(/^[\x00-\x20]+/, '');
}

const OWN_BACKENDS: unknown[] = [undefined, 'auto', 'chrome'];

/** A configuration of Perfetto can name a file to write to, and parts of the system to trace. */
function judgeTracing(command: CdpCommand): Verdict {
  const { perfettoConfig, tracingBackend } = command.params ?? {};
  if (perfettoConfig === undefined && OWN_BACKENDS.includes(tracingBackend)) return PASS;
  return refuse(command, ' beyond the browser: leave out perfettoConfig and tracingBackend');
}
