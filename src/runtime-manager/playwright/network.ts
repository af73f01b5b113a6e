import http from 'node:http';
import https from 'node:https';
import { Socket } from 'node:net';
import { env } from 'node:process';
import { z } from 'zod';

const LOOPBACK = '127.0.0.1';
const Target = z.object({ host: z.string(), port: z.coerce.number() });

/**
 * Gives the requests that Playwright makes itself (`context.request`) the browser's way out, and
 * this process no other: from here on it connects to these ports of loopback alone.
 */
export function confineNetwork(proxyPort: number, otherPorts: number[]): void {
  const proxy = `http://${LOOPBACK}:${proxyPort}`;
  const proxyEnv = { HTTP_PROXY: proxy, HTTPS_PROXY: proxy };
  http.Agent = class extends http.Agent {
    constructor(options: http.AgentOptions) {
      super({ ...options, proxyEnv });
    }
  };
  https.Agent = class extends https.Agent {
    constructor(options: https.AgentOptions) {
      super({ ...options, proxyEnv });
    }
  };
  // Playwright's proxies for client certificates find their own proxy by this variable.
  env['HTTPS_PROXY'] = proxy;
  confineSockets(new Set([proxyPort, ...otherPorts]));
}

/** From here on this process connects to these ports of loopback alone. */
export function confineSockets(ports: ReadonlySet<number>): void {
  // oxlint-disable-next-line typescript/unbound-method -- it is applied to the socket below
  const { connect } = Socket.prototype;
  Socket.prototype.connect = function connectConfined(this: Socket, ...args: unknown[]) {
    // Node's own modules pass all arguments as one list.
    const target = Target.safeParse(Array.isArray(args[0]) ? args[0][0] : args[0]).data;
    if (target?.host !== LOOPBACK || !ports.has(target.port)) {
      this.destroy(new Error('this process connects to its browser alone'));
      return this;
    }
    return Reflect.apply(connect, this, args);
  };
}
