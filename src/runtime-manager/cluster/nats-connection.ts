import { readFile } from 'node:fs/promises';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import {
  connect,
  NatsConnectionImpl,
  nkeyAuthenticator,
  nkeys,
  type Authenticator,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import { assertSuitable, reasonOf, type Offer } from './nats-failure.ts';
import { readGreeting } from './nats-greeting.ts';
import { readServers, type NatsServer } from './nats-servers.ts';

/** How long a server may take to let the client in, at the start and after a loss. */
const CONNECT_TIMEOUT_MS = 3000;

const CONNECTION = {
  timeout: CONNECT_TIMEOUT_MS,
  // After ten attempts, or two refusals, the client would never try again.
  maxReconnectAttempts: -1,
  ignoreAuthErrorAbort: true,
  reconnectTimeWait: 100,
  reconnectJitter: 50,
  reconnectJitterTLS: 50,
  // A server out of reach is noticed after three of them: by default after six minutes.
  pingInterval: 1000,
  maxPingOut: 2,
  // An error of each request would hold a stack twice.
  noAsyncTraces: true,
} as const satisfies NodeConnectionOptions;

export interface NatsConnectionOptions {
  /** Such as `nats://user:password@host:port`, `nats://token@host:port` or `tls://host:port`. */
  servers: string[];
  /** What the server calls the client where it lists its connections. */
  name: string;
  /** What the subjects of answers begin with, such as `_INBOX.<nodeId>`, so that permissions can name it. */
  inbox: string;
  /** The file with the seed of an NKey, by which the client proves who it is. */
  nkeySeedFile: string | undefined;
  /** Files of PEM, which are read again for each connection. Given, TLS is required. */
  tls:
    | { caFile: string | undefined; certFile: string | undefined; keyFile: string | undefined }
    | undefined;
}

/** Throws a sentence for whoever operates the service when no server lets the client in within seconds. */
export async function openConnection(options: NatsConnectionOptions): Promise<NatsConnectionImpl> {
  const { servers, isEncrypted, credentials } = readServers(options.servers);
  const { nkeySeedFile, tls } = options;
  const authenticator = nkeySeedFile === undefined ? undefined : await nkeyOf(nkeySeedFile);
  await checkFiles(tls);
  const hosts = servers.map(({ host }) => host);
  const offer: Offer = {
    wantsTls: isEncrypted || tls !== undefined,
    hasCertificate: tls?.certFile !== undefined,
    hasCredentials: credentials !== undefined || authenticator !== undefined,
  };
  try {
    const greetings = servers.map((server) => readGreeting(server, CONNECT_TIMEOUT_MS));
    const greeting = await Promise.any(greetings);
    assertSuitable(greeting, offer);
    return await dial({
      ...CONNECTION,
      ...credentials,
      ...(authenticator && { authenticator }),
      ...((offer.wantsTls || greeting.tls_required) && { tls: tlsOf(servers, tls) }),
      servers: hosts,
      name: options.name,
      inboxPrefix: options.inbox,
    });
  } catch (cause) {
    const reason = reasonOf(cause, offer);
    throw new Error(`The NATS server of NATS_URL (${hosts.join(', ')}) ${reason}.`, { cause });
  }
}

async function dial(options: NodeConnectionOptions): Promise<NatsConnectionImpl> {
  const connection = await connect(options);
  if (connection instanceof NatsConnectionImpl) return connection;
  throw new TypeError('the client has another kind of connection');
}

async function nkeyOf(file: string): Promise<Authenticator> {
  const seed = Buffer.from((await read(file)).toString().trim());
  try {
    nkeys.fromSeed(seed);
  } catch {
    throw new Error(`The file ${file} does not hold the seed of an NKey.`);
  }
  return nkeyAuthenticator(seed);
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new Error(`The file ${file}, which is for NATS, cannot be read.`, { cause });
  }
}

/** The client would tell of a file that is missing as if the server were to blame. */
async function checkFiles(files: NatsConnectionOptions['tls']): Promise<void> {
  for (const file of Object.values(files ?? {})) if (file !== undefined) await read(file);
}

/**
 * A certificate may name any of the servers: by itself the client would look for `localhost` where
 * a server is given by its address.
 */
function tlsOf(servers: NatsServer[], files: NatsConnectionOptions['tls']) {
  const { caFile, certFile, keyFile } = files ?? {};
  return {
    ...(caFile !== undefined && { caFile }),
    ...(certFile !== undefined && { certFile }),
    ...(keyFile !== undefined && { keyFile }),
    checkServerIdentity: (_: string, certificate: PeerCertificate) => {
      const faults = servers.map(({ hostname }) => checkServerIdentity(hostname, certificate));
      return faults.includes(undefined) ? undefined : faults[0];
    },
  };
}
