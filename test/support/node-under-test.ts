import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { Database } from '../../src/db/client.ts';
import { ownConnectionId } from '../../src/runtime-manager/connections/own-connection.ts';
import {
  Tickets,
  type ReadTicket,
  type Ticket,
} from '../../src/runtime-manager/connections/tickets.ts';
import type {
  NodeRequest,
  OwnNode,
  RuntimeNode,
} from '../../src/runtime-manager/node/runtime-node.ts';
import type { Protocol, Runtime, RuntimeStore } from '../../src/runtime-manager/runtime/index.ts';
import { newRuntime, type RuntimeRequest } from '../../src/runtime-manager/runtime/new-runtime.ts';

const LIMITS = { idleTimeoutSeconds: 600, maxDurationSeconds: 3600 };
const tickets = new Tickets([randomBytes(32)]);

/** A request whose body is large. */
export interface LargeRequest extends Pick<NodeRequest, 'method' | 'path'> {
  chunks: Buffer[];
  /** Rejects unless the whole body arrived in order. */
  check: (response: Response) => Promise<void>;
}

/** How a client makes a runtime send a text back. */
export interface Echo {
  ask: (text: string) => string;
  /** Undefined for a message that is no echo. */
  heard: (message: string) => string | undefined;
}

/** A node, and how clients talk to its runtimes. */
export interface NodeUnderTest extends AsyncDisposable {
  /** The same node, in the process that has its machine. */
  own: OwnNode;
  node: RuntimeNode & AsyncDisposable;
  database: Database;
  store: RuntimeStore;
  /** Over a CDP socket. */
  openEcho: (socket: WebSocket, runtime: Runtime) => Promise<Echo>;
  /** A request of so many bytes to the runtime's own WebDriver connection, which `answer` answers. */
  openLargeRequest: (
    answer: (request: Partial<NodeRequest>) => Promise<Response>,
    bytes: number,
  ) => Promise<LargeRequest>;
}

/** What a create asks for, in an organization's workspace `default`. */
export function orderOf(organizationId: string, request: Partial<RuntimeRequest> = {}) {
  const asked: RuntimeRequest = {
    alias: randomUUID(),
    kind: 'browser',
    driver: 'puppeteer',
    launch: { mode: 'ephemeral' },
    ...request,
  };
  return { organizationId, runtime: newRuntime(asked, 'default', { timeLimits: LIMITS }) };
}

/** A ticket of a runtime's own connection, with the given fields. */
export function ticketOf(
  runtime: Runtime,
  protocol: Protocol = 'cdp',
  differs: Partial<Ticket> = {},
): ReadTicket {
  const ticket: Ticket = {
    nodeId: runtime.nodeId,
    runtimeId: runtime.id,
    generation: runtime.generation,
    connectionId: ownConnectionId(runtime, protocol),
    protocol,
    access: 'control',
    expiresAt: new Date(Date.now() + 600_000),
    ...differs,
  };
  return tickets.read(tickets.sign(ticket));
}

/** A request of a client that stays, with the given fields. */
export function requestOf(differs: Partial<NodeRequest> = {}): NodeRequest {
  return {
    method: 'GET',
    path: '/json/version',
    base: 'http://runtime.test',
    body: bodyOf([]).body,
    gone: new AbortController().signal,
    ...differs,
  };
}

/** A body that counts the chunks that were taken. */
export function bodyOf(chunks: Iterable<Uint8Array>) {
  const counted = { taken: 0, body: take() };
  async function* take() {
    for (const chunk of chunks) {
      counted.taken++;
      yield chunk;
    }
  }
  return counted;
}

/** A client that asks a node for a websocket, over a real connection. */
export async function connectTo(node: Pick<RuntimeNode, 'connect'>, ticket: ReadTicket) {
  const server = createServer();
  const joined = Promise.withResolvers<void>();
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const gone = node.connect(ticket, { request, socket, head, path: '' });
    gone.then(joined.resolve, (error: unknown) => {
      socket.destroy();
      joined.reject(error);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = new WebSocket(`ws://127.0.0.1:${portOf(server.address())}`);
  onTestFinished(() => {
    socket.terminate();
    server.close();
  });
  socket.on('error', () => undefined);
  const opened = Promise.race([once(socket, 'open'), joined.promise]);
  // A test may await only one of these promises.
  for (const promise of [opened, joined.promise]) promise.catch(() => undefined);
  return { socket, opened, gone: joined.promise };
}

export function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === 'string') throw new Error('it listens on no port');
  return address.port;
}
