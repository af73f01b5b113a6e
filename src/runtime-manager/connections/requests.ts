import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** A request for a websocket, as Node hands it over. */
export interface UpgradeRequest {
  request: IncomingMessage;
  socket: Duplex;
  /** What came with it already. */
  head: Buffer;
}

/** Such a request at the address of a connection. */
export interface SocketRequest extends UpgradeRequest {
  /** Below the connection's address, with its query. */
  path: string;
  /** What the client is told in the answer to its handshake. */
  headers?: Readonly<Record<string, string>>;
  /** Called when the client was answered: it is joined. */
  onOpen?: () => void;
}

export interface HttpRequest {
  method: string;
  /** Below the connection's address, with its query. */
  path: string;
  /**
   * The connection's address as the client sees it: an http(s) URL without a slash at its end. For
   * WebDriver it has a ticket, since it goes on to clients that send no headers.
   */
  base: string;
  body: Buffer;
}
