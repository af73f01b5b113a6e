import type { Protocol } from '../../runtime-manager/runtime/index.ts';

/** The path that accepts tickets. */
export const CONNECT_PATH = '/v1/connect';

/** Makes the URL of a ticket: WebDriver and MCP use HTTP, the other protocols use websockets. */
export function connectionUrl(address: string, protocol: Protocol, ticket: string): string {
  switch (protocol) {
    case 'webdriver':
      return `${address}${CONNECT_PATH}/${ticket}`;
    case 'mcp':
      return `${address}${CONNECT_PATH}/${ticket}/mcp`;
    case 'cdp':
    case 'playwright':
      return `${address.replace(/^http/, 'ws')}${CONNECT_PATH}/${ticket}`;
  }
}

/** Makes the address of a page that plays a recording; the token is in the fragment, which no server sees. */
export function recordingEmbedUrl(address: string, recordingId: string, token: string): string {
  return `${address}/embed/recording/${recordingId}#token=${token}`;
}

/** Makes the address of a page that shows a runtime; the token is in the fragment, which no server sees. */
export function liveEmbedUrl(address: string, runtimeId: string, token: string): string {
  return `${address}/embed/live/${runtimeId}#token=${token}`;
}
