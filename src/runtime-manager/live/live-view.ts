import { addAbortSignal } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Attached, Companion, Run } from '../companion.ts';
import { elapsedAt, type Connection } from '../connections/connections.ts';
import type { SocketRequest } from '../connections/requests.ts';
import { assertContent, fileNotFound } from '../files/file-errors.ts';
import type { FileStore } from '../files/file-store.ts';
import type { NodeRequest } from '../node/runtime-node.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { bodyOf } from './body-of.ts';
import { closeViewer } from './close-viewer.ts';
import { CLOSE_CODES, LIVE_PROTOCOL } from './messages.ts';
import { RunView, type RunViewOptions } from './run-view.ts';
import { ViewerSession } from './viewer-session.ts';

export interface LiveViewOptions extends RunViewOptions {
  files: Pick<FileStore, 'find'>;
  storage: Pick<ObjectStorage, 'get'>;
}

/** The largest message is a part of a file, or a text that is pasted. */
const MESSAGE_MAX_BYTES = 1024 * 1024;
const PING_MS = 30_000;
const FILE = /^\/files\/([\w-]+)$/;
/** Timers take no more. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Shows running browsers to people, and lets them drive. */
export class LiveView implements Companion {
  readonly name = 'live';
  readonly #options: LiveViewOptions;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MESSAGE_MAX_BYTES,
    handleProtocols: (offered) => (offered.has(LIVE_PROTOCOL) ? LIVE_PROTOCOL : false),
  });

  constructor(options: LiveViewOptions) {
    this.#options = options;
  }

  async attach(run: Run): Promise<Attached> {
    const view = new RunView(run, this.#options);
    return {
      connect: (connection, asked) => this.#join(view, connection, asked),
      answer: (asked, connection) => this.#answer(view, asked, connection),
      [Symbol.asyncDispose]: async () => view[Symbol.dispose](),
    };
  }

  async #join(view: RunView, connection: Connection, asked: SocketRequest): Promise<void> {
    const socket = await this.#open(asked);
    if (!socket) return;
    if (view.isFull) {
      const reason = `At most ${view.options.viewersMax} people can watch a runtime at once.`;
      return closeViewer(socket, CLOSE_CODES.full, reason);
    }
    const isEnding = () => view.run.signal.aborted;
    const close = (reason: string) =>
      closeViewer(socket, isEnding() ? CLOSE_CODES.ended : CLOSE_CODES.token, reason);
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    socket.once('close', resolve);
    using _attached = connection.attach(undefined, close);
    using _expiry = atExpiry(connection, () => close('This URL has expired.'));
    using _pings = pinging(socket);
    using _session = new ViewerSession(view, connection, socket);
    await closed;
  }

  /** Resolves with undefined when the client leaves, or its handshake is none. */
  #open({ request, socket, head, headers, onOpen }: SocketRequest): Promise<WebSocket | undefined> {
    const { promise, resolve } = Promise.withResolvers<WebSocket | undefined>();
    socket.once('close', () => resolve(undefined));
    const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`);
    const tell = (answer: string[], to: unknown) => {
      if (to === request) answer.push(...lines);
    };
    this.#sockets.on('headers', tell);
    if ('setNoDelay' in socket && typeof socket.setNoDelay === 'function') socket.setNoDelay(true);
    this.#sockets.handleUpgrade(request, socket, head, (opened) => {
      opened.on('error', () => opened.terminate());
      onOpen?.();
      resolve(opened);
    });
    this.#sockets.off('headers', tell);
    return promise;
  }

  /** What the browser has downloaded, for viewers who may drive it. */
  async #answer(
    view: RunView,
    { method, path }: NodeRequest,
    connection: Connection | undefined,
  ): Promise<Response> {
    const [, fileId = ''] = FILE.exec(path) ?? [];
    const isOffered = method === 'GET' && connection?.access === 'control';
    if (!isOffered || !view.offered.has(fileId)) throw fileNotFound();
    const { files, storage } = this.#options;
    const found = await files.find(view.run.runtime.organizationId, fileId);
    if (!found) throw fileNotFound();
    assertContent(found);
    const content = addAbortSignal(connection.over, await storage.get(found.key));
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': String(found.sizeBytes),
    };
    return new Response(bodyOf(content), { headers });
  }
}

/** Closes when the connection's time is over. */
function atExpiry({ expiresAt }: Connection, expire: () => void): Disposable {
  if (!expiresAt) return { [Symbol.dispose]: () => undefined };
  const leftMs = elapsedAt(expiresAt) - performance.now();
  const timer = setTimeout(expire, Math.min(Math.max(0, leftMs), TIMER_MAX_MS)).unref();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Ends a websocket whose other end answers no more. */
function pinging(socket: WebSocket): Disposable {
  let isHeard = true;
  socket.on('pong', () => (isHeard = true));
  const timer = setInterval(() => {
    if (!isHeard) return socket.terminate();
    isHeard = false;
    socket.ping();
  }, PING_MS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
