import { once } from 'node:events';
import { Agent as HttpAgent, type AgentOptions, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { canonicalHost } from '../egress/addresses.ts';
import type { Destination } from '../egress/destination.ts';
import { openSocket } from '../egress/dial.ts';
import { EgressRefusal } from '../egress/egress-errors.ts';
import type { EgressPolicy } from '../egress/egress-policy.ts';
import { untilAborted } from '../timing/until-aborted.ts';
import { isReceiverPort } from './receiver-ports.ts';

const CONNECT_TIMEOUT_MS = 5000;
/** Connections are kept for the next message. */
const OPTIONS: AgentOptions = { keepAlive: true, timeout: 10_000, maxFreeSockets: 64 };

/** What may be reached; it gives the addresses to take. */
export type ReceiverPolicy = Pick<EgressPolicy, 'resolve'>;

type Connect = (destination: Destination) => Promise<Socket>;

/**
 * Agents that connect to addresses which the egress policy has judged, and to no other: each
 * connection asks for the address of its name once, has it judged and takes it.
 */
export class JudgedAgents implements Disposable {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;

  constructor(policy: ReceiverPolicy) {
    const dial = (destination: Destination) => dialInTime(policy, destination);
    this.http = connecting(new HttpAgent(OPTIONS), dial);
    this.https = connecting(new HttpsAgent(OPTIONS), async (destination) =>
      secure(await dial(destination), destination),
    );
  }

  [Symbol.dispose](): void {
    this.http.destroy();
    this.https.destroy();
  }
}

/** The agent, which takes its sockets from `connect`. */
function connecting<A extends HttpAgent>(agent: A, connect: Connect): A {
  agent.createConnection = (place, connected) => {
    connectTo(place, connect).then(
      (socket) => connected?.(null, socket),
      // Node reads no socket beside an error.
      (error: unknown) => connected?.(asError(error), new Socket()),
    );
    return undefined;
  };
  return agent;
}

async function connectTo({ host, port }: ClientRequestArgs, connect: Connect): Promise<Socket> {
  const name = canonicalHost(host ?? '');
  if (name === undefined) throw new Error('the address has no host');
  if (!isReceiverPort(Number(port))) throw new EgressRefusal('unusual_port');
  return connect({ host: name, port: Number(port) });
}

async function dialInTime(policy: ReceiverPolicy, destination: Destination): Promise<Socket> {
  const late = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
  try {
    const addresses = await untilAborted(policy.resolve(destination), late);
    const socket = await openSocket(addresses, destination.port, late);
    socket.allowHalfOpen = false;
    return socket;
  } catch (error) {
    throw late.aborted ? late.reason : error;
  }
}

async function secure(socket: Socket, { host }: Destination): Promise<Socket> {
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const secured = connectTls({ socket, host, ALPNProtocols: ['http/1.1'], ...servername });
  try {
    await once(secured, 'secureConnect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
    return secured;
  } catch (error) {
    secured.destroy();
    throw error;
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
