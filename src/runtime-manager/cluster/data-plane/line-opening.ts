import { randomUUID } from 'node:crypto';
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { unreachable } from '../../node/nodes.ts';
import { refusalOf } from './client-answers.ts';
import type { Credentials } from './credentials.ts';
import { HEADERS } from './headers.ts';
import { Line } from './line.ts';

export const LINE_HEADERS = { connection: 'Upgrade', upgrade: 'bctrl-line' };

/** What both ends know of a line before it is there. */
export interface LineRequest {
  nodeId: string;
  /** Chosen by the API process, for this line. */
  nonce: string;
  credentials: Credentials;
}

/**
 * Opens a line by a request to a node that was not sent yet. Throws `runtime.unreachable` when nothing
 * comes of it, or what answers is not the node.
 */
export async function dialLine(
  request: ClientRequest,
  { nodeId, nonce, credentials }: LineRequest,
): Promise<Line> {
  const opened = Promise.withResolvers<Line>();
  request.once('upgrade', ({ headers }, socket, head) => {
    socket.unshift(head);
    const name = nameOf(nodeId, nonce, String(headers[HEADERS.nonce]));
    opened.resolve(new Line({ socket, credentials, name, side: 'api' }));
  });
  request.once('response', (response) => void refusalOf(response).then(opened.reject));
  request.on('error', (cause) => opened.reject(unreachable(cause)));
  request.end();
  const line = await opened.promise;
  const refused = line.closed.then(() => {
    throw unreachable(new Error('What answers at the address of the node is not the node.'));
  });
  await Promise.race([line.introduced, refused]);
  return line;
}

/** Opens a line that an API process asked for, who has been admitted. */
export function acceptLine(socket: Socket, { nodeId, nonce, credentials }: LineRequest): Line {
  const ours = randomUUID();
  const headers = [
    'HTTP/1.1 101 Switching Protocols',
    `Connection: ${LINE_HEADERS.connection}`,
    `Upgrade: ${LINE_HEADERS.upgrade}`,
    `${HEADERS.nonce}: ${ours}`,
  ];
  socket.write(`${headers.join('\r\n')}\r\n\r\n`);
  return new Line({ socket, credentials, name: nameOf(nodeId, nonce, ours), side: 'node' });
}

/** No other line has it, since both ends have just chosen a part. */
function nameOf(nodeId: string, ofApi: string, ofNode: string): string {
  return `${nodeId} ${ofApi} ${ofNode}`;
}
