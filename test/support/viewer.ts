import { once } from 'node:events';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import {
  LIVE_PROTOCOL,
  TOKEN_PREFIX,
  type ServiceMessage,
  type ViewerMessage,
} from '../../src/runtime-manager/live/messages.ts';
import { eventually } from './eventually.ts';
import type { TestService } from './service.ts';

/** A picture as a viewer gets it. */
export interface SeenPicture {
  isSharp: boolean;
  width: number;
  height: number;
  turn: number;
  seq: number;
  image: Buffer;
}

type Message<T extends ServiceMessage['t']> = Extract<ServiceMessage, { t: T }>;

/** A viewer of a runtime without a page: it says and hears what the page would. */
export class TestViewer implements AsyncDisposable {
  readonly said: ServiceMessage[] = [];
  readonly pictures: SeenPicture[] = [];
  readonly #socket: WebSocket;
  /** Whether pictures are drawn as soon as they come. */
  draws = true;
  closed: { code: number; reason: string } | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#heard(data, isBinary));
    socket.on('close', (code, reason) => (this.closed = { code, reason: reason.toString() }));
    socket.on('error', () => undefined);
  }

  say(message: ViewerMessage): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Sends what no page sends. */
  sendRaw(data: string | Buffer): void {
    this.#socket.send(data);
  }

  /** The message of a kind that came last, once there is one that fits. */
  hear<T extends ServiceMessage['t']>(
    t: T,
    fits: (message: Message<T>) => boolean = () => true,
  ): Promise<Message<T>> {
    return eventually(() => {
      const found = this.said.findLast((one): one is Message<T> => one.t === t);
      expect(found, `the last ${t}`).toBeDefined();
      if (!found || !fits(found)) throw new Error(`not as it should be: ${JSON.stringify(found)}`);
      return found;
    });
  }

  draw(seq: number): void {
    this.say({ t: 'ack', seq });
  }

  /** Presses a mouse button at a point, and lets it go. */
  click(x: number, y: number): void {
    const common = { t: 'mouse', x, y, button: 'left', clicks: 1, modifiers: 0 } as const;
    this.say({ ...common, type: 'down', buttons: 1 });
    this.say({ ...common, type: 'up', buttons: 0 });
  }

  press(key: string, code: string, keyCode: number, modifiers = 0): void {
    for (const type of ['down', 'up'] as const) {
      const where = { location: 0, isRepeat: false };
      this.say({ t: 'key', type, key, code, keyCode, modifiers, ...where });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  #heard(data: Buffer, isBinary: boolean): void {
    if (!isBinary) {
      this.said.push(JSON.parse(data.toString()) as ServiceMessage);
      return;
    }
    const picture = {
      isSharp: data.readUInt8(1) === 1,
      width: data.readUInt16LE(2),
      height: data.readUInt16LE(4),
      turn: data.readUInt16LE(6),
      seq: data.readUInt32LE(8),
      image: data.subarray(24),
    };
    this.pictures.push(picture);
    if (this.draws) this.draw(picture.seq);
  }
}

/** Asks for the address of a runtime's live view. */
export async function embed(
  { call }: Pick<TestService, 'call'>,
  runtime: string,
  options: Record<string, unknown> = {},
): Promise<Record<'token' | 'connectionId' | 'iframeUrl' | 'expiresAt', string>> {
  const embedded = await call('POST', `${runtime}/embed/live`, options);
  expect(embedded, embedded.text).toMatchObject({ status: 200 });
  return embedded.json;
}

/** Opens a page's websocket; it may be closed at once. */
export async function view({ token, iframeUrl }: { token: string; iframeUrl: string }) {
  const { origin, pathname } = new URL(iframeUrl);
  const address = `${origin.replace('http', 'ws')}${pathname}/ws`;
  const socket = new WebSocket(address, [LIVE_PROTOCOL, TOKEN_PREFIX + token]);
  const viewer = new TestViewer(socket);
  await once(socket, 'open');
  return viewer;
}

/** Opens a view of a runtime that can be driven, unless the options say otherwise. */
export async function watch(
  service: Pick<TestService, 'call'>,
  runtime: string,
  options: Record<string, unknown> = { interactive: true },
): Promise<TestViewer> {
  return view(await embed(service, runtime, options));
}
