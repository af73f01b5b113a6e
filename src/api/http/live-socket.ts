import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import {
  CLOSE_CODES,
  closeViewer,
  LIVE_PROTOCOL,
  TOKEN_PREFIX,
} from '../../runtime-manager/index.ts';
import { RuntimeError, type RuntimeErrorCode } from '../../runtime-manager/runtime/index.ts';

/** The websocket of a page that shows a runtime. */
export const LIVE_SOCKET = /^\/embed\/live\/([^/?]+)\/ws(?![^?])/;

/** https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number */
const TRY_AGAIN_LATER = 1013;

const CODES: Partial<Record<RuntimeErrorCode, number>> = {
  'connection.ticket_invalid': CLOSE_CODES.token,
  'connection.ticket_expired': CLOSE_CODES.token,
  'connection.revoked': CLOSE_CODES.token,
  'runtime.not_active': CLOSE_CODES.ended,
};

const refusals = new WebSocketServer({
  noServer: true,
  // Nobody reads what a refused page sends.
  maxPayload: 1024,
  handleProtocols: (offered) => (offered.has(LIVE_PROTOCOL) ? LIVE_PROTOCOL : false),
});

/** The token that a page offers as a subprotocol, so that it is in no address. */
export function tokenOf({ headers }: IncomingMessage): string {
  const offered = headers['sec-websocket-protocol']?.split(',') ?? [];
  const token = offered.map((one) => one.trim()).find((one) => one.startsWith(TOKEN_PREFIX));
  return token?.slice(TOKEN_PREFIX.length) ?? '';
}

/** Tells a page why it gets nothing, by a close code: pages see no other answer to a handshake. */
export function refuseViewer(
  { request, socket, head }: { request: IncomingMessage; socket: Duplex; head: Buffer },
  error: unknown,
): void {
  const known = error instanceof RuntimeError ? error : undefined;
  const code = (known && CODES[known.code]) ?? TRY_AGAIN_LATER;
  const reason = known?.message ?? 'The service cannot show this now.';
  refusals.handleUpgrade(request, socket, head, (opened) => {
    opened.on('error', () => opened.terminate());
    closeViewer(opened, code, reason);
  });
}
