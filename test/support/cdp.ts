import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { WebSocket } from 'ws';
import { z } from 'zod';

const Reply = z.object({
  id: z.number().optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.object({ message: z.string() }).optional(),
});

/** A plain CDP client, as a customer might write one. */
export interface Cdp extends Disposable {
  socket: WebSocket;
  send: (method: string, params?: object, sessionId?: string) => Promise<Record<string, unknown>>;
}

/** Throws with the status when the handshake is refused. */
export async function openCdp(url: string, headers: Record<string, string> = {}): Promise<Cdp> {
  const socket = new WebSocket(url, { headers });
  await once(socket, 'open');
  return cdpOver(socket);
}

/** Over a socket that is open. */
export function cdpOver(socket: WebSocket): Cdp {
  let lastId = 0;
  const waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  socket.on('message', (data: Buffer) => {
    const { id = 0, error, result } = Reply.parse(JSON.parse(data.toString()));
    if (error) waiting.get(id)?.reject(new Error(error.message));
    else waiting.get(id)?.resolve(result ?? {});
    waiting.delete(id);
  });
  socket.once('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('the connection closed'));
  });
  const send: Cdp['send'] = (method, params = {}, sessionId) => {
    const id = ++lastId;
    const answer = Promise.withResolvers<Record<string, unknown>>();
    waiting.set(id, answer);
    socket.send(JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) }));
    return answer.promise;
  };
  return { socket, send, [Symbol.dispose]: () => socket.terminate() };
}

/** How a websocket handshake is refused. */
export async function refusalOf(
  url: string,
  headers: Record<string, string> = {},
  // Tests look into answers freely; what is not there fails the assertion.
  // oxlint-disable-next-line typescript/no-explicit-any
): Promise<{ status: number; headers: IncomingHttpHeaders; json: any }> {
  const socket = new WebSocket(url, { headers });
  socket.on('error', () => undefined);
  const [, response] = await once(socket, 'unexpected-response');
  const chunks: Buffer[] = await response.toArray();
  const { statusCode: status, headers: said } = response;
  return { status, headers: said, json: JSON.parse(Buffer.concat(chunks).toString()) };
}
