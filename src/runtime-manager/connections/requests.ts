import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** A request for a websocket, as Node hands it over. */
export interface UpgradeRequest {
  request: IncomingMessage;
  socket: Duplex;
  /** The bytes that came with the request already. */
  head: Buffer;
}

/** The client that a runtime was made for: the runtime ends when the client cannot be joined. */
export interface FirstClient {
  /** Whether the runtime outlives the client, once the client was joined. */
  keepAlive: boolean;
}

/** An upgrade request at the address of a connection. */
export interface SocketRequest extends UpgradeRequest {
  /** Below the connection's address, with its query. */
  path: string;
  /** Headers to add to the answer to the client's handshake. */
  headers?: Readonly<Record<string, string>>;
  /** Called when the client's handshake was answered: the client is joined. */
  onOpen?: () => void;
  /** Set for the client that the runtime was made for. */
  first?: FirstClient | undefined;
}

export interface HttpRequest {
  method: string;
  /** Below the connection's address, with its query. */
  path: string;
  /**
   * The connection's address as the client sees it: an http(s) URL without a slash at its end. For
   * WebDriver the URL has a ticket, since it is handed on to clients that send no headers.
   */
  base: string;
  body: Buffer;
}
