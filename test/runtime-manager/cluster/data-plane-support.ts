import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { generate } from 'selfsigned';
import { onTestFinished } from 'vitest';
import type { SocketRequest } from '../../../src/runtime-manager/connections/requests.ts';
import { Tickets, type Ticket } from '../../../src/runtime-manager/connections/tickets.ts';
import { DataPlaneClient } from '../../../src/runtime-manager/cluster/data-plane/data-plane-client.ts';
import {
  DataPlaneListener,
  type DataPlaneListenerOptions,
} from '../../../src/runtime-manager/cluster/data-plane/data-plane-listener.ts';
import { LineServer } from '../../../src/runtime-manager/cluster/lines/line-server.ts';
import type { NodeKeys } from '../../../src/runtime-manager/cluster/data-plane/credentials.ts';
import type { TlsFiles } from '../../../src/runtime-manager/cluster/data-plane/tls-files.ts';
import { portOf } from '../../support/node-under-test.ts';

const HOST = '127.0.0.1';

export const KEYS: NodeKeys = [randomBytes(32)];
export const TICKETS = new Tickets([randomBytes(32)]);

export interface Certificates {
  node: TlsFiles;
  api: TlsFiles;
}

/** Certificates of one cluster, in files until the result is disposed. */
export async function makeCertificates(): Promise<Certificates & AsyncDisposable> {
  const directory = await mkdtempDisposable(join(tmpdir(), 'bctrl-'));
  const ca = await generate([{ name: 'commonName', value: 'bctrl test' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  const write = async (name: string, text: string) => {
    const path = join(directory.path, `${name}.pem`);
    await writeFile(path, text);
    return path;
  };
  const caFile = await write('ca', ca.cert);
  const issue = async (name: string) => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
      keyType: 'ec',
      algorithm: 'sha256',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
      ca: { cert: ca.cert, key: ca.private },
    });
    return {
      caFile,
      certFile: await write(name, cert),
      keyFile: await write(`${name}.key`, key),
    };
  };
  return {
    node: await issue('bctrl-node'),
    api: await issue('bctrl-api'),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

type Node = DataPlaneListenerOptions['node'];

export interface PlaneOptions {
  certificates?: Certificates | undefined;
  keys?: NodeKeys;
  clientKeys?: NodeKeys;
}

/** A node that can be reached over the data plane, and an API process that does so. */
export async function openPlane(
  node: Node,
  { certificates, keys = KEYS, clientKeys = keys }: PlaneOptions = {},
) {
  const logged: Record<string, unknown>[] = [];
  const out = new Writable({
    write: (line: Buffer, _, done) => {
      logged.push(JSON.parse(line.toString()));
      done();
    },
  });
  const lines = new LineServer(pino(out));
  const listener = await DataPlaneListener.open({
    node,
    tickets: TICKETS,
    keys,
    host: HOST,
    port: 0,
    tls: certificates?.node,
    serveLine: (line) => lines.take(line),
    log: pino(out),
  });
  const client = new DataPlaneClient({
    tickets: TICKETS,
    keys: clientKeys,
    tls: certificates?.api,
  });
  const close = async () => {
    await client[Symbol.asyncDispose]();
    lines[Symbol.dispose]();
    await listener[Symbol.asyncDispose]();
  };
  const target = { nodeId: node.id, address: `${HOST}:${listener.port}` };
  return { listener, lines, client, target, logged, close };
}

/** As `openPlane` until the test has finished, with a node that does as it is told. */
export async function openPlaneTo(does: Partial<Node>, options: PlaneOptions = {}) {
  const node = { id: randomUUID(), connect: unexpected, answer: unexpected, ...does };
  const plane = await openPlane(node, options);
  onTestFinished(plane.close);
  return { ...plane, node, ticket: ticketAt(node.id) };
}

/** A ticket of some runtime at a node. */
export function ticketAt(nodeId: string, differs: Partial<Ticket> = {}) {
  return TICKETS.read(TICKETS.sign(someTicket(nodeId, differs)));
}

export function someTicket(nodeId: string, differs: Partial<Ticket> = {}): Ticket {
  return {
    nodeId,
    runtimeId: randomUUID(),
    generation: 1,
    connectionId: randomUUID(),
    protocol: 'cdp',
    access: 'control',
    expiresAt: new Date(Date.now() + 600_000),
    ...differs,
  };
}

async function unexpected(): Promise<never> {
  throw new Error('the node was asked');
}

/** How a node's answer to a handshake begins. */
export const SWITCHING =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
const HANDSHAKE = [
  'GET / HTTP/1.1',
  'Host: api.test',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];

/**
 * A client that asks an API process for a websocket by hand, over a connection of its own; `connectIt` is
 * what that process does.
 */
export async function handshake(
  connectIt: (asked: SocketRequest) => Promise<void>,
  headers: readonly string[] = [],
) {
  const server = createServer();
  const arrived = Promise.withResolvers<Duplex>();
  const gone = Promise.withResolvers<void>();
  gone.promise.catch(() => undefined);
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    arrived.resolve(socket);
    connectIt({ request, socket, head, path: '' }).then(gone.resolve, gone.reject);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: portOf(server.address()), allowHalfOpen: true });
  client.on('error', () => client.destroy());
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  client.write(`${[...HANDSHAKE, ...headers].join('\r\n')}\r\n\r\n`);
  return { client, atApi: arrived.promise, gone: gone.promise };
}

/** Reads a connection until so much of it was heard. */
export async function hear(client: Duplex, end: string): Promise<string> {
  let heard = '';
  for await (const chunk of client.iterator({ destroyOnReturn: false })) {
    heard += String(chunk);
    if (heard.endsWith(end)) return heard;
  }
  throw new Error(`the connection ended after ${heard}`);
}
