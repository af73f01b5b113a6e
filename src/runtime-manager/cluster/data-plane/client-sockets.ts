import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SocketRequest } from '../../connections/requests.ts';
import { splice } from '../../egress/splice.ts';
import { unreachable } from '../../node/nodes.ts';
import { refusalOf } from './client-answers.ts';
import { isOurs, pairsOf } from './headers.ts';

/** The node's side of a client's websocket. */
interface Opened {
  response: IncomingMessage;
  node: Duplex;
  /** The bytes that came with the answer already. */
  head: Buffer;
}

/** As `RuntimeNode.connect`, by a request for a websocket to a node that was not sent yet. */
export async function join(request: ClientRequest, asked: SocketRequest): Promise<void> {
  const { socket } = asked;
  const { promise: over, resolve, reject } = Promise.withResolvers<void>();
  using waiting = whileWaiting(socket, () => {
    request.destroy();
    resolve();
  });
  request.once('upgrade', (response, node, head) => {
    waiting[Symbol.dispose]();
    socket.once('close', resolve);
    open({ response, node, head }, asked);
  });
  request.once('response', (response) => void refusalOf(response).then(reject));
  request.on('error', (cause) => reject(unreachable(cause)));
  request.end();
  return await over;
}

/** Answers the client as the node did. From then on bytes pass, and nothing is looked at. */
function open({ response, node, head }: Opened, asked: SocketRequest): void {
  const { socket, headers = {}, onOpen } = asked;
  const said = pairsOf(response.rawHeaders).filter(([name]) => !isOurs(name));
  const lines = [...said, ...Object.entries(headers)].map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const status = `HTTP/1.1 101 ${response.statusMessage}\r\n`;
  socket.write(Buffer.from(`${status}${lines.join('')}\r\n`, 'latin1'));
  onOpen?.();
  if (head.length > 0) socket.write(head);
  if (asked.head.length > 0) node.write(asked.head);
  splice(socket, node);
}

/**
 * Reads a client that waits for its answer, since nobody would notice otherwise that it hangs up.
 * What it sends stays unread. A client that half-closes its socket is gone, too.
 */
function whileWaiting(socket: Duplex, gone: () => void): Disposable {
  const look = () => void socket.read(0);
  const leave = () => {
    socket.destroy();
    gone();
  };
  socket.on('readable', look);
  socket.on('end', leave);
  socket.on('close', leave);
  return {
    [Symbol.dispose]: () => {
      socket.off('readable', look);
      socket.off('end', leave);
      socket.off('close', leave);
    },
  };
}
