import {
  PREFIX,
  PROTOCOL,
  type CloseCode,
  type ServiceMessage,
  type ViewerMessage,
} from './contract.ts';
import { Heartbeat } from './heartbeat.ts';

const FIRST_DELAY_MS = 250;
const LAST_DELAY_MS = 8000;
/** What may wait in the socket before more of a file is read. */
const BUFFERED_MAX_BYTES = 1024 ** 2;
const DRAIN_MS = 20;

const INVALID_LINK = 'This link is not valid any more. Ask whoever gave it to you for a new one.';
const ENDED = 'The session has ended. You can close this page.';
const ENDS: Record<CloseCode, string> = {
  4401: INVALID_LINK,
  4410: ENDED,
  4429: 'As many people as may are watching already. Reload the page to try again.',
};

export type ConnectionState =
  | { name: 'connecting' | 'live' | 'reconnecting' }
  /** For good, with the reason in a sentence. */
  | { name: 'ended'; sentence: string };

export interface ConnectionParts {
  url: string;
  token: string;
  onMessage: (message: ServiceMessage) => void;
  onPicture: (bytes: ArrayBuffer) => void;
  onState: (state: ConnectionState) => void;
  onLatency: (ms: number) => void;
}

/** The websocket, which is opened again after it broke, unless the service says that it is over. */
export class Connection {
  readonly #parts: ConnectionParts;
  readonly #heartbeat: Heartbeat;
  #socket: WebSocket | undefined;
  /** Aborted when a socket is given up: what it still says is of no interest. */
  #listening = new AbortController();
  #delayMs = FIRST_DELAY_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#heartbeat = new Heartbeat({
      ping: (n) => this.send({ t: 'ping', n }),
      onLatency: parts.onLatency,
      onSilence: () => this.restart(),
    });
    const now = () => {
      if (this.#retry !== undefined && !document.hidden) this.open();
    };
    window.addEventListener('online', now);
    document.addEventListener('visibilitychange', now);
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  open(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const { url, token } = this.#parts;
    let socket: WebSocket;
    try {
      socket = new WebSocket(url, [PROTOCOL, PREFIX + token]);
    } catch {
      // The token has characters that none has.
      this.#parts.onState({ name: 'ended', sentence: INVALID_LINK });
      return;
    }
    socket.binaryType = 'arraybuffer';
    this.#listening = new AbortController();
    const on = { signal: this.#listening.signal };
    const onMessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') this.#told(JSON.parse(data));
      else this.#parts.onPicture(data);
    };
    socket.addEventListener('message', onMessage, on);
    socket.addEventListener('close', ({ code, reason }) => this.#closed(code, reason), on);
    this.#socket = socket;
  }

  /** Says nothing while there is no connection: what was meant for a picture is out of date then. */
  send(message: ViewerMessage): void {
    if (this.isOpen) this.#socket?.send(JSON.stringify(message));
  }

  /** Resolves when there is room for more. Rejects if the connection breaks, or `signal` aborts. */
  async sendBytes(bytes: ArrayBuffer, signal: AbortSignal): Promise<void> {
    const socket = this.#socket;
    const check = () => {
      signal.throwIfAborted();
      if (!socket || socket !== this.#socket || !this.isOpen) throw new Error('disconnected');
      return socket;
    };
    check().send(bytes);
    while (check().bufferedAmount > BUFFERED_MAX_BYTES) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
    }
  }

  /** Gives the connection up and makes another. */
  restart(): void {
    this.#listening.abort();
    this.#socket?.close();
    this.#closed(undefined);
  }

  #told(message: ServiceMessage): void {
    if (message.t === 'hello') {
      this.#delayMs = FIRST_DELAY_MS;
      this.#parts.onState({ name: 'live' });
      this.#heartbeat.start();
    }
    if (message.t === 'pong') this.#heartbeat.heard(message.n);
    else this.#parts.onMessage(message);
  }

  #closed(code: number | undefined, reason = ''): void {
    this.#socket = undefined;
    this.#heartbeat.stop();
    if (isEnd(code)) {
      // How it ended is a sentence of the service's own.
      const why = ENDS[code] === ENDED && reason !== '' ? ` ${reason}` : '';
      this.#parts.onState({ name: 'ended', sentence: ENDS[code] + why });
      return;
    }
    this.#parts.onState({ name: 'reconnecting' });
    // Not all at once after a restart of the service.
    const delayMs = this.#delayMs * (0.75 + Math.random() / 2);
    this.#retry = setTimeout(() => this.open(), delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, LAST_DELAY_MS);
  }
}

function isEnd(code: number | undefined): code is CloseCode {
  return code !== undefined && code in ENDS;
}
