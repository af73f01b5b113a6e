import type { Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import {
  listenAsHttpProxy,
  listenAsOddProxy,
  listenAsSocksProxy,
  type ProxyServer,
  type ProxyServerOptions,
} from './proxy-servers.ts';

export type TestProxy = ProxyServer;
export type TestProxyOptions = ProxyServerOptions;

/** RFC 1928 and 1929, until the test is over. */
export async function openSocksProxy(options: TestProxyOptions = {}): Promise<TestProxy> {
  return untilTheEnd(await listenAsSocksProxy(options));
}

/** An HTTP proxy with tunnels and plain requests, until the test is over. */
export async function openHttpProxy(options: TestProxyOptions = {}): Promise<TestProxy> {
  return untilTheEnd(await listenAsHttpProxy(options));
}

/** Does with each connection what it is told, until the test is over. */
export async function openOddProxy(behave: (client: Socket) => void): Promise<TestProxy> {
  return untilTheEnd(await listenAsOddProxy(behave));
}

function untilTheEnd(proxy: ProxyServer): ProxyServer {
  onTestFinished(() => proxy[Symbol.dispose]());
  return proxy;
}
