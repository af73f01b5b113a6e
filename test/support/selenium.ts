import { once } from 'node:events';
import { Builder, type WebDriver } from 'selenium-webdriver';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';

/** A session at a runtime's address, as a customer's program begins one. */
export async function attach(url: string, capabilities = {}): Promise<WebDriver> {
  const driver = await new Builder()
    .usingServer(url)
    .forBrowser('chrome')
    .withCapabilities({ browserName: 'chrome', ...capabilities })
    .build();
  return driver;
}

const Message = z.looseObject({ id: z.int().nullish(), method: z.string().optional() });
type Message = z.infer<typeof Message>;

/** A plain client of WebDriver BiDi. */
export interface BidiClient {
  socket: WebSocket;
  /** Answers as they are, errors too. */
  // oxlint-disable-next-line typescript/no-explicit-any
  send: (method: string, params?: object) => Promise<any>;
  /** All messages that no command was answered by. */
  // oxlint-disable-next-line typescript/no-explicit-any
  events: any[];
}

/** Ends with the test. */
export async function openBidi(url: string): Promise<BidiClient> {
  const socket = new WebSocket(url);
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  let lastId = 0;
  const waiting = new Map<number, (answer: Message) => void>();
  const events: Message[] = [];
  socket.on('message', (data: Buffer) => {
    const message = Message.parse(JSON.parse(data.toString()));
    const answer = waiting.get(message.id ?? 0);
    if (answer) answer(message);
    else events.push(message);
  });
  const send = (method: string, params = {}) => {
    const id = ++lastId;
    const { promise, resolve } = Promise.withResolvers<Message>();
    waiting.set(id, resolve);
    socket.send(JSON.stringify({ id, method, params }));
    return promise;
  };
  return { socket, send, events };
}

/** A session with WebDriver BiDi, ended with the test, and a socket of it. */
export async function attachBidi(
  url: string,
): Promise<{ driver: WebDriver; bidi: BidiClient; bidiUrl: string }> {
  const driver = await attach(url, { webSocketUrl: true });
  onTestFinished(() => driver.quit().catch(() => undefined));
  const bidiUrl: string = (await driver.getCapabilities()).get('webSocketUrl');
  return { driver, bidi: await openBidi(bidiUrl), bidiUrl };
}
