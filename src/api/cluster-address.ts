import { isIP } from 'node:net';
import type { Logger } from 'pino';
import { addressTowards } from '../runtime-manager/cluster/index.ts';
import type { ClusterConfig } from './config/settings/cluster.ts';
import { isLoopback } from './config/settings/setting.ts';

/** The host by which other processes reach this one: as configured, or as this one reaches NATS. */
export async function findOwnHost({ nodeAddress, nats }: ClusterConfig): Promise<string> {
  if (nodeAddress !== undefined) return hostOf(`tcp://${nodeAddress}`);
  const [server = ''] = nats.servers;
  return addressTowards(hostOf(server));
}

/** Throws one sentence where bytes would pass between machines in the clear without leave. */
export function assertMayBePlain(
  host: string,
  { nodeTls, allowsPlainNodes }: ClusterConfig,
  log: Logger,
): void {
  if (nodeTls || isLoopback(host)) return;
  if (!allowsPlainNodes) {
    throw new Error(
      `Processes of other machines reach this one at ${host}: set BCTRL_NODE_TLS_CA_FILE, BCTRL_NODE_TLS_CERT_FILE and BCTRL_NODE_TLS_KEY_FILE, or BCTRL_NODE_TLS=off where nobody else listens to the network.`,
    );
  }
  log.warn({ host }, 'what clients and browsers say passes between machines without TLS');
}

/** `host:port`, with an IPv6 address in brackets. */
export function addressOf(host: string, port: string | number): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

function hostOf(url: string): string {
  return new URL(url).hostname.replaceAll(/^\[|\]$/g, '');
}
