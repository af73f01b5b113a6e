import { EventEmitter, once } from 'node:events';
import { WebSocket } from 'ws';

const CONNECT_TIMEOUT_MS = 30_000;

export type Result = Record<string, unknown>;

/** A client of CDP that adds as little as it can to what is measured. */
export interface Client extends Disposable {
  socket: WebSocket;
  /** Emits the protocol's events by their names. */
  events: EventEmitter;
  send: (method: string, params?: object, sessionId?: string) => Promise<Result>;
  attach: (targetId: string) => Promise<Page>;
}

/** A page, and the client that is its own: disposing of it closes that. */
export interface Page extends Disposable {
  client: Client;
  send: (method: string, params?: object) => Promise<Result>;
  /** Throws when `1+1` is not 2. */
  evaluate: () => Promise<void>;
}

interface Message {
  id?: number;
  method?: string;
  params?: Result;
  result?: Result;
  error?: { message: string };
}

/** Throws with the status when the handshake is refused. */
export async function openClient(url: string): Promise<Client> {
  // Chromium would compress what it sends directly, and not what goes through the bridge.
  const options = { perMessageDeflate: false, handshakeTimeout: CONNECT_TIMEOUT_MS };
  const socket = new WebSocket(url, options);
  await once(socket, 'open');
  const events = new EventEmitter();
  const pending = new Map<number, PromiseWithResolvers<Result>>();
  let lastId = 0;
  socket.on('message', (data: Buffer) => {
    const { id, method, params, result, error } = JSON.parse(data.toString()) as Message;
    if (id === undefined) return void events.emit(method ?? '', params);
    const asked = pending.get(id);
    pending.delete(id);
    if (error) asked?.reject(new Error(error.message));
    else asked?.resolve(result ?? {});
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    for (const { reject } of pending.values()) reject(new Error('the connection closed'));
    pending.clear();
  });
  const send: Client['send'] = (method, params = {}, sessionId) => {
    const asked = Promise.withResolvers<Result>();
    const id = ++lastId;
    pending.set(id, asked);
    socket.send(JSON.stringify({ id, method, params, sessionId }), (error) => {
      if (error) asked.reject(error);
    });
    return asked.promise;
  };
  const client: Client = {
    socket,
    events,
    send,
    attach: (targetId) => attach(client, targetId),
    [Symbol.dispose]: () => socket.terminate(),
  };
  return client;
}

export async function openPage(url: string, targetId: string): Promise<Page> {
  return (await openClient(url)).attach(targetId);
}

/** Loads what is at the address and resolves when it has. */
export async function load(page: Page, url: string): Promise<void> {
  await page.send('Page.enable');
  const loaded = once(page.client.events, 'Page.loadEventFired');
  await page.send('Page.navigate', { url });
  await loaded;
}

async function attach(client: Client, targetId: string): Promise<Page> {
  const attached = await client.send('Target.attachToTarget', { targetId, flatten: true });
  const sessionId = String(attached['sessionId']);
  const send: Page['send'] = (method, params) => client.send(method, params, sessionId);
  return {
    client,
    send,
    evaluate: async () => {
      const { result } = await send('Runtime.evaluate', { expression: '1+1' });
      if ((result as { value?: unknown }).value !== 2) throw new Error(JSON.stringify(result));
    },
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}
