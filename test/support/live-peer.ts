import { once } from 'node:events';
import { Server, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { pino } from 'pino';
import { WebSocketServer, type WebSocket } from 'ws';
import { livePageRoutes } from '../../src/api/routes/live-page.ts';
import type { ApiEnv } from '../../src/api/http/api-env.ts';
import { toErrorAnswer } from '../../src/api/http/errors.ts';
import {
  LIVE_PROTOCOL,
  TOKEN_PREFIX,
  ViewerMessage,
  type ServiceMessage,
} from '../../src/runtime-manager/live/messages.ts';
import { packetOf, type PictureFacts } from '../../src/runtime-manager/live/picture.ts';
import { eventually } from './eventually.ts';

/** Pages answer at once, mostly. */
const SOON = { interval: 5 };
const log = pino({ level: 'silent' });

/** A viewer's websocket, as the service has it. */
export interface Peer {
  /** The token that came with the handshake. */
  token: string;
  /** What the viewer said, in order, apart from pings, which are answered. */
  said: ViewerMessage[];
  /** Binary messages that came from the viewer. */
  contents: Buffer[];
  say: (...messages: ServiceMessage[]) => void;
  show: (picture: Partial<PictureFacts> & { image: Buffer; turn: number; seq: number }) => void;
  /** Waits until the viewer said something, and returns it. */
  heard: <T extends ViewerMessage['t']>(
    t: T,
    count?: number,
  ) => Promise<Extract<ViewerMessage, { t: T }>[]>;
  close: (code?: number) => void;
}

/** Serves the live page, and is the other end of its websockets, as a test tells it to be. */
export interface LivePeer extends AsyncDisposable {
  origin: string;
  /** The address of the page, without a token. */
  page: string;
  peers: Peer[];
  /** Waits for a viewer with a token; `n`: for its connection of that number. */
  joined: (token: string, n?: number) => Promise<Peer>;
  /** What `files/<id>` answers. */
  answerFile: (request: IncomingMessage, response: ServerResponse) => void;
  /** While it is false, handshakes are refused. */
  isUp: boolean;
}

export async function openLivePeer(prefix = ''): Promise<LivePeer> {
  const app = new Hono<ApiEnv>();
  app.use(async (c, next) => {
    c.set('log', log);
    await next();
  });
  app.route(prefix || '/', livePageRoutes({ frameAncestors: '*' }));
  app.onError((error, c) => {
    const { status, body } = toErrorAnswer(error, 'test', log);
    return c.json(body, status);
  });
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { shouldUpgradeCallback: () => true },
  });
  if (!(server instanceof Server)) throw new Error('the adaptor made no HTTP/1 server');
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => LIVE_PROTOCOL });
  const path = `${prefix}/embed/live/runtime-1`;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const self: LivePeer = {
    origin,
    page: `${origin}${path}`,
    peers: [],
    joined: (token, n = 1) =>
      eventually(() => {
        const found = self.peers.filter((peer) => peer.token === token)[n - 1];
        if (!found) throw new Error(`no viewer with ${token} came`);
        return found;
      }, SOON),
    answerFile: (_request, response) => response.writeHead(404).end(),
    isUp: true,
    [Symbol.asyncDispose]: async () => {
      for (const client of sockets.clients) client.terminate();
      server.close();
      server.closeAllConnections();
    },
  };
  const [answer] = server.listeners('request') as ((
    request: IncomingMessage,
    response: ServerResponse,
  ) => void)[];
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    if (request.url?.startsWith(`${path}/files/`)) self.answerFile(request, response);
    else answer?.(request, response);
  });
  server.on('upgrade', (request, socket, head) => {
    if (!self.isUp || request.url !== `${path}/ws`) {
      socket.destroy();
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      self.peers.push(toPeer(client, request));
    });
  });
  return self;
}

function toPeer(client: WebSocket, { headers }: IncomingMessage): Peer {
  const offered = headers['sec-websocket-protocol']?.split(/,\s*/) ?? [];
  if (offered[0] !== LIVE_PROTOCOL) throw new Error('the viewer offers another protocol');
  const said: ViewerMessage[] = [];
  const contents: Buffer[] = [];
  const say = (message: ServiceMessage) => client.send(JSON.stringify(message));
  client.on('message', (data: Buffer, isBinary) => {
    if (isBinary) {
      contents.push(data);
      return;
    }
    const message = ViewerMessage.parse(JSON.parse(data.toString()));
    if (message.t === 'ping') say({ t: 'pong', n: message.n });
    else said.push(message);
  });
  const told = <T extends ViewerMessage['t']>(t: T) =>
    said.filter((one): one is Extract<ViewerMessage, { t: T }> => one.t === t);
  return {
    token: offered[1]?.slice(TOKEN_PREFIX.length) ?? '',
    said,
    contents,
    say: (...messages) => messages.forEach(say),
    show: ({ image, turn, seq, width = 1280, height = 720, isSharp = false }) => {
      const facts = { width, height, takenAtMs: Date.now(), isSharp, turn, seq };
      client.send(packetOf(facts, Buffer.from(image.toString('base64'), 'latin1')));
    },
    heard: async (t, count = 1) => {
      await eventually(() => {
        if (told(t).length < count) throw new Error(`heard ${JSON.stringify(said)}, not ${t}`);
      }, SOON);
      return told(t);
    },
    close: (code) => client.close(code),
  };
}
