import type { WebSocket } from 'ws';

/** https://www.rfc-editor.org/rfc/rfc6455#section-5.5 */
const REASON_MAX_BYTES = 123;

/** Sends a viewer away, with as many whole characters of the reason as a close frame takes. */
export function closeViewer(socket: WebSocket, code: number, reason: string): void {
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(REASON_MAX_BYTES));
  socket.close(code, reason.slice(0, read));
}
