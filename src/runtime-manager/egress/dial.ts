import { once } from 'node:events';
import { connect, isIP, type LookupFunction, type OnReadOpts, type Socket } from 'node:net';
import { RuntimeError } from '../errors.ts';
import type { Proxy } from '../launch.ts';
import { canonicalHost } from './addresses.ts';
import { EgressRefusal, isTimeout, TargetUnreachable } from './egress-errors.ts';
import { Narrowing, type Destination, type EgressPolicy } from './egress-policy.ts';
import { connectHttp } from './http-connect.ts';
import { credentialsOf, type Route } from './route.ts';
import { connectSocks5, greetSocks5 } from './socks5.ts';

/** By when Chromium itself would have given up. */
const TARGET_TIMEOUT_MS = 120_000;
/** RFC 2606: a name that no proxy can reach, so that nothing goes through it to be checked. */
const NOWHERE = 'bctrl.invalid:443';

export interface DialOptions {
  policy: EgressPolicy;
  /** How long a proxy may take until it has authenticated us. */
  proxyTimeoutMs: number;
}

/** Opens connections by one route. Those that were given out are their taker's to close. */
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
   * A connection on which the destination answers; a direct one is read by `onread`, if it is given,
   * once it is resumed. Throws EgressRefusal, TargetUnreachable, a
   * RuntimeError `proxy.*`, or what the system says.
   */
  async dial(destination: Destination, signal: AbortSignal, onread?: OnReadOpts): Promise<Socket> {
    const { proxy } = this;
    if (!proxy) {
      return inTime(signal, TARGET_TIMEOUT_MS, async (timed) => {
        const resolving = this.#policy.resolve(destination, this.#narrowing);
        return open(await untilAborted(resolving, timed), destination.port, timed, onread);
      });
    }
    await this.assertReachable(destination);
    const socket = await this.dialProxy(signal);
    const tunnel = (timed: AbortSignal) => openTunnel(socket, proxy, destination, timed);
    return owning(socket, () => inTime(signal, TARGET_TIMEOUT_MS, tunnel));
  }

  /** Throws EgressRefusal for what may not be asked of the proxy. */
  assertReachable(destination: Destination): Promise<void> {
    return this.#policy.assertReachable(destination, this.#narrowing);
  }

  /**
   * A connection to the proxy, authenticated where that comes before everything else. Throws
   * `proxy.unreachable`, `proxy.not_allowed`, `proxy.timeout`, `proxy.auth_failed` or
   * `proxy.protocol_error`.
   */
  dialProxy(signal: AbortSignal): Promise<Socket> {
    return this.#inProxyTime(signal, (timed) => this.#greetProxy(timed));
  }

  /** Dials the proxy and authenticates. Throws as `dialProxy`. */
  async check(signal: AbortSignal): Promise<void> {
    const { proxy } = this;
    if (!proxy) return;
    await this.#inProxyTime(signal, async (timed) => {
      const socket = await this.#greetProxy(timed);
      try {
        if (proxy.type === 'http') {
          await connectHttp(socket, NOWHERE, credentialsOf(proxy), timed);
        }
      } finally {
        socket.destroy();
      }
    });
  }

  async #greetProxy(signal: AbortSignal): Promise<Socket> {
    const { proxy } = this;
    if (!proxy) throw new Error('the route has no proxy');
    const socket = await openProxy(this.#policy, proxy, signal);
    if (proxy.type === 'http') return socket;
    return owning(socket, () => greetSocks5(socket, credentialsOf(proxy), signal));
  }

  async #inProxyTime<T>(signal: AbortSignal, work: (timed: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await inTime(signal, this.#proxyTimeoutMs, work);
    } catch (cause) {
      if (!isTimeout(cause)) throw cause;
      throw new RuntimeError('proxy.timeout', 'The proxy did not answer in time.', { cause });
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
  if (proxy.type === 'socks5') return connectSocks5(socket, destination, signal);
  const authority = authorityOf(destination);
  const status = await connectHttp(socket, authority, credentialsOf(proxy), signal);
  if (status !== 200) throw new TargetUnreachable(`status ${status}`);
}

/** Throws the TimeoutError when the work did not end in time. */
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

/** What cannot be called off is left to itself. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Closes a socket that could not be made what it is to be. */
async function owning(socket: Socket, work: () => Promise<void>): Promise<Socket> {
  try {
    await work();
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function openProxy(policy: EgressPolicy, { host, port }: Proxy, signal: AbortSignal) {
  try {
    const name = canonicalHost(host) ?? host;
    const addresses = await untilAborted(policy.resolve({ host: name, port }), signal);
    return await open(addresses, port, signal);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof EgressRefusal) {
      throw new RuntimeError('proxy.not_allowed', `The proxy may not be used. ${cause.message}`, {
        details: { reason: cause.code },
      });
    }
    throw new RuntimeError('proxy.unreachable', 'The proxy cannot be reached.', { cause });
  }
}

/** Connects to the first of some addresses that answers (https://www.rfc-editor.org/rfc/rfc8305). */
async function open(
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
  // Whoever takes it listens too; until then it must not end the process.
  socket.on('error', () => socket.destroy());
  return socket;
}
