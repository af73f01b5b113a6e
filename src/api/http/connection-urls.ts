import type { Protocol } from '../../runtime-manager/runtime/index.ts';

/** The path that accepts tickets. */
export const CONNECT_PATH = '/v1/connect';

/** Makes the URL of a ticket: WebDriver uses HTTP, the other protocols use websockets. */
export function connectionUrl(address: string, protocol: Protocol, ticket: string): string {
  const base = protocol === 'webdriver' ? address : address.replace(/^http/, 'ws');
  return `${base}${CONNECT_PATH}/${ticket}`;
}
