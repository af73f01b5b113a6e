import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { RuntimeError } from '../../errors.ts';
import { ClientMessageReader, FrameError, type ClientMessage } from './client-message-reader.ts';
import { FrameBoundaries } from './frame-boundaries.ts';
import { FrameSieve } from '../cdp/frame-sieve.ts';
import { START_BYTES, type OpenCommands } from './open-commands.ts';
import type { UpgradeRequest } from '../requests.ts';
import { clientTextFrame, closeFrame, OPCODE, serverFrame } from './websocket-frames.ts';

/**
 * The headers of a client's handshake that concern the upstream: no Origin, which Chromium refuses,
 * and no compression, which would only cost time on loopback.
 */
const HANDSHAKE_HEADERS = ['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-protocol'];

/** Chromium takes no larger message. */
const MESSAGE_MAX_BYTES = 100 * 1024 * 1024;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const HANDSHAKE_MAX_BYTES = 16 * 1024;
/** Load balancers cut connections that are silent for a minute. */
const PING_INTERVAL_MS = 30_000;
/** A client that is silent for more pings than this is gone. */
const PINGS_UNANSWERED_MAX = 3;
const LAST_WORDS_MS = 1000;
/** https://www.rfc-editor.org/rfc/rfc6455#section-5.5 */
const CONTROL_MAX_BYTES = 125;
const NOT_ACCEPTED = 1003;
const NOT_UNDERSTOOD = 1007;
const SWITCHING = 'HTTP/1.1 101';
const CRLF_BYTES = 2;
/** The close code for every end that is not the client's doing. */
export const GOING_AWAY = 1001;

/**
 * What becomes of a client's message: frames for the upstream, or for the client. `rewritten` is what
 * the frames say, when that is no longer what the client said.
 */
export type Inspected = { forward: Buffer; rewritten?: Buffer } | { answer: Buffer };

export type Inspection = (message: ClientMessage) => Inspected;

/** How an actor for a client reaches the two ends. */
export interface Wire {
  /** Sends the upstream a message. */
  send(payload: Buffer): void;
  /** Sends the client a message. */
  say(payload: Buffer): void;
  /** The actor has room for commands again. */
  readOn(): void;
  /** The actor cannot go on. */
  fail(error: unknown): void;
}

/** Carries out some of a client's commands in its stead, by commands of its own. */
export interface Acting {
  /** Takes a message that passed the inspection; false: it is to be forwarded. */
  take(payload: Buffer): boolean;
  /** Whether a message of the upstream that begins so is an answer to the actor. */
  isAnswer(start: Buffer): boolean;
  readonly answerStartBytes: number;
  /** Takes such an answer; what this returns goes to the client in place of the answer. */
  answer(payload: Buffer): Buffer | undefined;
  /** Whether the actor has enough to do for now. */
  readonly isFull: boolean;
  /** Resolves when all commands that it holds back for a moment are sent; undefined: it holds none. */
  readonly held?: Promise<unknown> | undefined;
  close(): void;
}

export interface BridgeTarget {
  /** A connection to the upstream, over which nothing has passed yet. */
  upstream: Socket;
  path: string;
}

export interface BridgeOptions {
  /** Inspects the messages of the client; without it they pass unseen. */
  inspect: Inspection | undefined;
  /** Begins to act for this client; without it all that passes the inspection is forwarded. */
  act?: ((wire: Wire) => Acting) | undefined;
  /** Whether others would wait for this client, if it read nothing any more. */
  holdsOthers?: (() => boolean) | undefined;
  /** Called for whatever passes either way, except pings and their answers. */
  onActivity: () => void;
  /** Follows which commands of the client are not answered yet. */
  commands?: OpenCommands;
  /** Headers that the client gets beside those of the upstream's handshake. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Called when the client's handshake was answered. */
  onOpen?: (() => void) | undefined;
}

/**
 * Joins a client that asked for a websocket with a websocket of a browser or its helper. The client's
 * handshake is repeated there, and from then on bytes pass both ways, as fast as the slower side
 * reads. What comes from the upstream is never taken apart; only its frame boundaries are followed, so
 * that a ping, an answer of our own or a close frame can be put between. Messages to an actor for the
 * client are taken out on the way.
 */
export class WebSocketBridge {
  readonly #client: Duplex;
  readonly #upstream: Socket;
  readonly #options: BridgeOptions;
  readonly #reader = new ClientMessageReader(MESSAGE_MAX_BYTES);
  readonly #boundaries: FrameBoundaries;
  /** Follows a client whose messages are not inspected; undefined when nobody wants to know them. */
  readonly #unread: FrameBoundaries | undefined;
  readonly #ended = Promise.withResolvers<void>();
  readonly #acting: Acting | undefined;
  readonly #sieve: FrameSieve | undefined;
  #phase: 'handshake' | 'open' = 'handshake';
  #closing = false;
  #waiting: Buffer[] = [];
  /** Pings since the client was heard last. */
  #unanswered = 0;
  /** How much a client that was behind had not read at the last ping. */
  #unreadBytes = 0;
  #handshake = Buffer.alloc(0);
  /** First the time limit of the handshake, then the interval of pings. */
  #timer: NodeJS.Timeout;

  constructor(
    { request, socket: client, head }: UpgradeRequest,
    target: BridgeTarget,
    options: BridgeOptions,
  ) {
    this.#client = client;
    this.#options = options;
    const { commands } = options;
    this.#boundaries = new FrameBoundaries(
      commands && { bytes: START_BYTES, heard: (start) => commands.told(start) },
    );
    this.#unread =
      commands &&
      new FrameBoundaries({ bytes: START_BYTES, heard: (start) => commands.asked(start) });
    const acting = options.act?.(this.#wire());
    this.#acting = acting;
    this.#sieve = acting && sieveFor(acting);
    this.#upstream = target.upstream;
    this.#upstream.write(handshake(request, target));
    this.#upstream.on('data', (chunk: Buffer) => this.#fromUpstream(chunk));
    this.#upstream.on('error', () => this.#upstream.destroy());
    this.#upstream.on('close', () => this.close(GOING_AWAY, 'The browser is gone.'));
    this.#upstream.on('drain', () => this.#readClient());
    client.on('error', () => client.destroy());
    client.on('end', () => this.#afterHeld(() => this.#end()));
    client.on('close', () => this.#afterHeld(() => this.#end()));
    client.on('drain', () => this.#drained());
    if (head.length > 0) client.unshift(head);
    const late = () => this.close(GOING_AWAY, 'The browser does not respond.');
    this.#timer = setTimeout(late, HANDSHAKE_TIMEOUT_MS);
  }

  /**
   * Resolves when both sides are gone. Rejects when the two were never joined: then the client was
   * told nothing, and is left to whoever opened the bridge.
   */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Sends the client some last messages and the reason, and ends both sides within a second. */
  close(code: number, reason: string, messages: Buffer[] = []): void {
    if (this.#closing) return;
    if (this.#phase === 'handshake') {
      return this.#leave(new RuntimeError('connection.failed', reason));
    }
    this.#release();
    const mayTell = this.#boundaries.between && !this.#boundaries.closed;
    const last = messages.map((message) => serverFrame(OPCODE.text, message));
    this.#client.end(mayTell ? Buffer.concat([...last, closeFrame(code, reason)]) : '');
    setTimeout(() => this.#end(), LAST_WORDS_MS).unref();
  }

  /** A client that leaves has said all that the actor still holds back of it. */
  #afterHeld(leave: () => void): void {
    const held = this.#acting?.held;
    if (held) void held.then(leave);
    else leave();
  }

  /** Rejects, and leaves the client as it is. */
  #leave(error: RuntimeError): void {
    this.#release();
    this.#ended.reject(error);
  }

  #end(): void {
    this.#release();
    this.#client.destroy();
    this.#ended.resolve();
  }

  #release(): void {
    this.#closing = true;
    clearTimeout(this.#timer);
    this.#acting?.close();
    this.#upstream.destroy();
  }

  #fromUpstream(chunk: Buffer): void {
    if (this.#phase === 'open') return this.#pass(this.#sieve?.sift(chunk) ?? chunk);
    this.#handshake = Buffer.concat([this.#handshake, chunk]);
    const end = this.#handshake.indexOf('\r\n\r\n') + 4;
    if (end < 4) {
      if (this.#handshake.length > HANDSHAKE_MAX_BYTES) {
        this.#leave(new RuntimeError('connection.failed', 'The browser does not respond.'));
      }
      return;
    }
    if (this.#handshake.toString('latin1', 0, 12) !== SWITCHING) {
      return this.#leave(new RuntimeError('connection.not_found', 'There is nothing at this URL.'));
    }
    this.#client.write(withHeaders(this.#handshake.subarray(0, end), this.#options.headers));
    this.#phase = 'open';
    this.#opened();
    this.#fromUpstream(this.#handshake.subarray(end));
  }

  /** Begins to read the client, which is not read during the handshake. */
  #opened(): void {
    this.#client.on('data', (bytes: Buffer) => this.#fromClient(bytes));
    clearTimeout(this.#timer);
    this.#timer = setInterval(() => this.#checkAlive(), PING_INTERVAL_MS).unref();
    this.#options.onOpen?.();
  }

  #pass(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#options.onActivity();
    const gap = this.#boundaries.follow(chunk);
    if (this.#waiting.length > 0 && gap >= 0) {
      this.#client.write(chunk.subarray(0, gap));
      this.#sayWaiting();
      this.#writeToClient(chunk.subarray(gap));
    } else {
      this.#writeToClient(chunk);
    }
  }

  #writeToClient(chunk: Buffer): void {
    if (!this.#client.write(chunk)) this.#upstream.pause();
  }

  #fromClient(chunk: Buffer): void {
    this.#unanswered = 0;
    // The answer to a ping of ours shows that a client is there, not that it does anything.
    if (!isPong(chunk)) this.#options.onActivity();
    if (!this.#options.inspect) {
      this.#unread?.follow(chunk);
      return this.#writeToFar(chunk);
    }
    try {
      for (const message of this.#reader.read(chunk)) this.#take(message, this.#options.inspect);
    } catch (error) {
      // Whatever is wrong with a client's message (nested too deep to be written again, for one),
      // only the client's own connection suffers.
      const said = error instanceof FrameError;
      this.close(said ? error.code : NOT_UNDERSTOOD, said ? error.message : 'Not understood.');
    }
  }

  #take(message: ClientMessage, inspect: Inspection): void {
    // This answers a ping of ours: the upstream sends none.
    if (message.opcode === OPCODE.pong) return;
    if (message.opcode === OPCODE.binary)
      return this.close(NOT_ACCEPTED, 'Only text is spoken here.');
    if (message.opcode !== OPCODE.text) {
      return this.#afterHeld(() => this.#writeToFar(message.raw));
    }
    const inspected = inspect(message);
    if ('answer' in inspected) return this.#say(serverFrame(OPCODE.text, inspected.answer));
    this.#options.commands?.asked(message.payload);
    if (!this.#acting?.take(inspected.rewritten ?? message.payload)) {
      return this.#writeToFar(inspected.forward);
    }
    if (this.#acting.isFull) this.#client.pause();
  }

  #wire(): Wire {
    return {
      send: (payload) => this.#writeToFar(clientTextFrame(payload)),
      say: (payload) => {
        this.#options.commands?.told(payload);
        this.#say(serverFrame(OPCODE.text, payload));
      },
      readOn: () => this.#readClient(),
      fail: () => this.close(GOING_AWAY, 'Input could not be acted out.'),
    };
  }

  #writeToFar(chunk: Buffer): void {
    if (!this.#upstream.write(chunk)) this.#client.pause();
  }

  /** Puts a frame of our own between those of the upstream. */
  #say(frame: Buffer): void {
    this.#waiting.push(frame);
    if (this.#boundaries.between) this.#sayWaiting();
    // A client that does not read what it asked for is not read either.
    if (this.#client.writableNeedDrain) this.#client.pause();
  }

  #sayWaiting(): void {
    for (const frame of this.#waiting) this.#client.write(frame);
    this.#waiting = [];
  }

  #drained(): void {
    this.#upstream.resume();
    this.#readClient();
  }

  /** Reads on, unless the actor or one of the two sides has enough to do. */
  #readClient(): void {
    const isBehind = this.#acting?.isFull ?? false;
    const busy = isBehind || this.#upstream.writableNeedDrain || this.#client.writableNeedDrain;
    if (this.#phase === 'open' && !busy) this.#client.resume();
  }

  #checkAlive(): void {
    if (++this.#unanswered > PINGS_UNANSWERED_MAX) return this.#end();
    // What is said about targets that it holds reaches neither the client nor the actor that would
    // let them go.
    const unread = this.#client.writableNeedDrain ? this.#client.writableLength : 0;
    const readsNothing = unread > 0 && unread === this.#unreadBytes;
    if (readsNothing && this.#options.holdsOthers?.()) return this.#end();
    this.#unreadBytes = unread;
    if (!this.#client.writableNeedDrain) this.#say(serverFrame(OPCODE.ping, Buffer.alloc(0)));
  }
}

function sieveFor(acting: Acting): FrameSieve {
  return new FrameSieve(
    acting.answerStartBytes,
    (start) => acting.isAnswer(start),
    (payload) => acting.answer(payload),
  );
}

function isPong(chunk: Buffer): boolean {
  return ((chunk[0] ?? 0) & 0x0f) === OPCODE.pong && chunk.length < 6 + CONTROL_MAX_BYTES;
}

/** `answer` ends with the empty line. */
function withHeaders(answer: Buffer, headers: Readonly<Record<string, string>> = {}): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const beforeEnd = answer.subarray(0, -CRLF_BYTES);
  return Buffer.concat([beforeEnd, Buffer.from(`${lines.join('')}\r\n`, 'latin1')]);
}

function handshake(request: IncomingMessage, { path }: BridgeTarget): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
  ];
  for (const name of HANDSHAKE_HEADERS) {
    const value = request.headers[name];
    if (typeof value === 'string') lines.push(`${name}: ${value}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}
