import { once } from 'node:events';
import { connect, isIP, type LookupFunction, type OnReadOpts, type Socket } from 'node:net';
import { untilAborted } from '../timing/until-aborted.ts';
import { RuntimeError } from '../errors.ts';
import type { Proxy } from '../runtime/launch.ts';
import { canonicalHost } from './addresses.ts';
import {
  EgressRefusal,
  failureWords,
  isAbort,
  isTimeout,
  proxyError,
  ProxyHungUp,
  TargetUnreachable,
} from './egress-errors.ts';
import type { Destination } from './destination.ts';
import { Narrowing, type EgressPolicy } from './egress-policy.ts';
import { connectHttp } from './http-connect.ts';
import type { Route } from './route.ts';
import { connectSocks5, greetSocks5 } from './socks5.ts';

/** Chromium itself would have given up by then. */
const TARGET_TIMEOUT_MS = 120_000;
/** RFC 2606: a name that no proxy can reach, so that a check sends nothing through the proxy. */
const NOWHERE = 'bctrl.invalid:443';
/** A proxy that wants other credentials says so by then; some say nothing else. */
const REFUSAL_TIMEOUT_MS = 3000;
/** Instead of Node's 250 ms, after which it tries the next address, which may have no route. */
const ADDRESS_TIMEOUT_MS = 1000;

export interface DialOptions {
  policy: EgressPolicy;
  /** How long a proxy may take until it has authenticated us. */
  proxyTimeoutMs: number;
}

/** Opens connections by one route. Whoever takes a connection has to close it. */
export class Dialer {
  readonly #policy: EgressPolicy;
  readonly #proxyTimeoutMs: number;
  readonly #narrowing: Narrowing;
  readonly proxy: Proxy | undefined;

  constructor({ policy, proxyTimeoutMs }: DialOptions, { proxy, rules }: Route) {
    this.#policy = policy;
    this.#proxyTimeoutMs = proxyTimeoutMs;
    this.#narrowing = new Narrowing(rules);
    this.proxy = proxy;
  }

  /**
   * A connection on which the destination answers. `onread`, if given, reads a direct connection
   * once that is resumed. Throws EgressRefusal, TargetUnreachable, a RuntimeError `proxy.*`, or an
   * error of the system.
   */
  async dial(destination: Destination, signal: AbortSignal, onread?: OnReadOpts): Promise<Socket> {
    const { proxy } = this;
    if (!proxy) {
      return inTime(signal, TARGET_TIMEOUT_MS, async (timed) => {
        const resolving = this.#policy.resolve(destination, this.#narrowing);
        return openSocket(await untilAborted(resolving, timed), destination.port, timed, onread);
      });
    }
    await this.assertReachable(destination);
    const socket = await this.dialProxy(signal);
    const tunnel = (timed: AbortSignal) => openTunnel(socket, proxy, destination, timed);
    return owning(socket, () => inTime(signal, TARGET_TIMEOUT_MS, tunnel));
  }

  /** Throws EgressRefusal for a destination that the proxy may not be asked for. */
  assertReachable(destination: Destination): Promise<void> {
    return this.#policy.assertReachable(destination, this.#narrowing);
  }

  /**
   * A connection to the proxy, authenticated if its protocol begins with that. Throws
   * `proxy.unreachable`, `proxy.not_allowed`, `proxy.timeout`, `proxy.auth_failed` or
   * `proxy.protocol_error`.
   */
  dialProxy(signal: AbortSignal): Promise<Socket> {
    return this.#inProxyTime(signal, (timed) => this.#greetProxy(timed));
  }

  /**
   * Dials the proxy and authenticates, by a CONNECT that leads nowhere if need be: a proxy that does
   * not answer that, or hangs up, has let us in. Throws as `dialProxy`.
   */
  async check(signal: AbortSignal): Promise<void> {
    const { proxy } = this;
    if (!proxy) return;
    const socket = await this.dialProxy(signal);
    try {
      if (proxy.type === 'http') {
        const limitMs = Math.min(REFUSAL_TIMEOUT_MS, this.#proxyTimeoutMs);
        await inTime(signal, limitMs, (timed) => connectHttp(socket, NOWHERE, proxy, timed));
      }
    } catch (error) {
      if (!isTimeout(error) && !(error instanceof ProxyHungUp)) throw error;
      signal.throwIfAborted();
    } finally {
      socket.destroy();
    }
  }

  async #greetProxy(signal: AbortSignal): Promise<Socket> {
    const { proxy } = this;
    if (!proxy) throw new Error('the route has no proxy');
    const socket = await openProxy(this.#policy, proxy, signal);
    if (proxy.type === 'http') return socket;
    return owning(socket, () => spokenTo(proxy, () => greetSocks5(socket, proxy, signal)));
  }

  async #inProxyTime<T>(signal: AbortSignal, work: (timed: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await inTime(signal, this.#proxyTimeoutMs, work);
    } catch (cause) {
      const { proxy } = this;
      if (!proxy || !isTimeout(cause)) throw cause;
      const said = `did not answer within ${this.#proxyTimeoutMs / 1000} s`;
      throw proxyError('proxy.timeout', proxy, said, cause);
    }
  }
}

export function authorityOf({ host, port }: Destination): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

async function openTunnel(
  socket: Socket,
  proxy: Proxy,
  destination: Destination,
  signal: AbortSignal,
): Promise<void> {
  if (proxy.type === 'socks5') {
    return spokenTo(proxy, () => connectSocks5(socket, proxy, destination, signal));
  }
  const status = await connectHttp(socket, authorityOf(destination), proxy, signal);
  if (status !== 200) throw new TargetUnreachable(`status ${status}`);
}

/** Throws ProxyHungUp for whatever breaks while we speak to a proxy: that is the proxy's doing. */
async function spokenTo(proxy: Proxy, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isTold = error instanceof RuntimeError || error instanceof TargetUnreachable;
    throw isTold || isAbort(error) || isTimeout(error) ? error : new ProxyHungUp(proxy, error);
  }
}

/** Throws a TimeoutError when the work does not end in time. */
async function inTime<T>(
  signal: AbortSignal,
  ms: number,
  work: (timed: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = AbortSignal.timeout(ms);
  try {
    return await work(AbortSignal.any([signal, late]));
  } catch (error) {
    signal.throwIfAborted();
    throw late.aborted ? late.reason : error;
  }
}

/** Resolves with the socket when the work is done; closes the socket when the work fails. */
async function owning(socket: Socket, work: () => Promise<void>): Promise<Socket> {
  try {
    await work();
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function openProxy(policy: EgressPolicy, proxy: Proxy, signal: AbortSignal) {
  const { host, port } = proxy;
  try {
    const name = canonicalHost(host) ?? host;
    const addresses = await untilAborted(policy.resolve({ host: name, port }), signal);
    return await openSocket(addresses, port, signal);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof EgressRefusal) {
      throw new RuntimeError(
        'proxy.not_allowed',
        `The proxy ${host}:${port} is not allowed. ${cause.message}`,
        { details: { reason: cause.code } },
      );
    }
    const why = failureWords(cause);
    const said = why === undefined ? 'cannot be reached' : `cannot be reached: ${why}`;
    throw proxyError('proxy.unreachable', proxy, said, cause);
  }
}

/**
 * Connects to the first of some addresses that answers (https://www.rfc-editor.org/rfc/rfc8305).
 * Whoever takes the connection has to close it.
 */
export async function openSocket(
  addresses: string[],
  port: number,
  signal: AbortSignal,
  onread?: OnReadOpts,
): Promise<Socket> {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  const lookup: LookupFunction = (_name, _options, answer) => answer(null, found);
  const socket = connect({
    host: 'destination',
    port,
    lookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT_MS,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    onread,
  });
  if (onread) socket.pause();
  try {
    await once(socket, 'connect', { signal });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  // Whoever takes the socket listens too; until then an error must not end the process.
  socket.on('error', () => socket.destroy());
  return socket;
}
