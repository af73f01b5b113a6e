import { z } from 'zod';
import { RuntimeError } from '../../errors.ts';
import type { DebuggingEndpoint } from '../../browser/chromium.ts';
import { parseJson } from '../parse-json.ts';
import type { Access } from '../../runtime/access.ts';
import { requestOver } from '../request-over.ts';

const TIMEOUT_MS = 10_000;
const LOOK = /^\/json(?:\/(?:version|list|protocol))?\/?$/;
const ACT = /^\/json\/(?:new|activate|close)(?:\/[\w-]+)?$/;
const FRONTEND = /^\/devtools\/(?!page\/|browser\/)[\w./-]+$/;
const TARGET = /^\/devtools\/page\/[\w-]+$/;

const Target = z.looseObject({
  id: z.string(),
  webSocketDebuggerUrl: z.string().optional(),
  devtoolsFrontendUrl: z.string().optional(),
});
const Version = z.looseObject({ webSocketDebuggerUrl: z.string() });

export interface DiscoveryRequest {
  method: string;
  /** Below the connection's address, with its query. */
  path: string;
  /** The connection's address as the client sees it: an http(s) URL without a slash at its end. */
  base: string;
  access: Access;
}

/** The websocket that a client of CDP means by a path below its connection's address. */
export function cdpPathOf(path: string, { path: browserPath }: DebuggingEndpoint): string {
  if (path === '' || path === '/' || path.startsWith('/devtools/browser/')) return browserPath;
  if (TARGET.test(path)) return path;
  throw notServed();
}

/**
 * Chromium's own HTTP endpoints, by which clients find websockets: the same documents, with the
 * addresses in them replaced by ones that lead here. Throws `connection.not_found` for other paths.
 */
export async function discover(
  endpoint: DebuggingEndpoint,
  { method, path, base, access }: DiscoveryRequest,
): Promise<Response> {
  const { pathname, search } = new URL(path, 'http://browser');
  const acts = ACT.test(pathname) && access === 'control';
  if (!LOOK.test(pathname) && !FRONTEND.test(pathname) && !acts) throw notServed();
  const { status, type, body } = await ask(endpoint, method, pathname + search);
  const isJson = type.startsWith('application/json') && !pathname.includes('protocol');
  const shown = isJson ? withOurAddresses(body, base) : new Uint8Array(body);
  return new Response(shown, { status, headers: { 'content-type': type } });
}

async function ask({ dial }: DebuggingEndpoint, method: string, path: string) {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    // Chromium answers only whoever calls it by an address.
    return await requestOver(dial, { method, path, headers: { host: '127.0.0.1' }, signal });
  } catch (cause) {
    throw new RuntimeError('connection.failed', 'The browser does not respond.', { cause });
  }
}

/** What Chromium calls JSON may be a sentence, such as that there is no such target. */
function withOurAddresses(body: Buffer, base: string): string {
  const json = parseJson(body);
  const version = Version.safeParse(json);
  const list = z.array(Target).safeParse(json);
  const target = Target.safeParse(json);
  if (list.success) return JSON.stringify(list.data.map((one) => readdress(one, base)));
  if (target.success) return JSON.stringify(readdress(target.data, base));
  if (!version.success) return body.toString('utf8');
  return JSON.stringify({ ...version.data, webSocketDebuggerUrl: toWebSocket(base) });
}

function readdress(target: z.infer<typeof Target>, base: string): z.infer<typeof Target> {
  const socket = `${toWebSocket(base)}/devtools/page/${target.id}`;
  const [scheme, rest] = socket.split('://');
  return {
    ...target,
    ...(target.webSocketDebuggerUrl && { webSocketDebuggerUrl: socket }),
    ...(target.devtoolsFrontendUrl && {
      devtoolsFrontendUrl: `${base}/devtools/inspector.html?${scheme}=${rest}`,
    }),
  };
}

export function toWebSocket(url: string): string {
  return url.replace(/^http/, 'ws');
}

function notServed(): RuntimeError {
  return new RuntimeError('connection.not_found', 'There is nothing at this URL.');
}
