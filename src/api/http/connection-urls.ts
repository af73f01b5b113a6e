import type { Protocol } from '../../runtime-manager/runtime/index.ts';

/** Where tickets are redeemed. */
export const CONNECT_PATH = '/v1/connect';

/** The URL of a ticket: WebDriver is spoken over HTTP, the others over websockets. */
export function connectionUrl(address: string, protocol: Protocol, ticket: string): string {
  const base = protocol === 'webdriver' ? address : address.replace(/^http/, 'ws');
  return `${base}${CONNECT_PATH}/${ticket}`;
}
