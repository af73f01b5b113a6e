import type { ClientRequest, IncomingMessage } from 'node:http';

/**
 * `alive`: the node answered. `refused`: nothing listens at its address, or something else.
 * `stalled`: its kernel took the connection, and nothing else came. `silent`: nothing came at all.
 */
export type PingResult = 'alive' | 'refused' | 'stalled' | 'silent';

const NOBODY = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
]);

/**
 * Sends a ping over a connection of its own. Throws when this process could not even try (it may
 * have too many files open), which says nothing of the node.
 */
export async function ping(
  request: ClientRequest,
  isPong: (response: IncomingMessage) => boolean,
  timeoutMs: number,
): Promise<PingResult> {
  const { promise, resolve, reject } = Promise.withResolvers<PingResult>();
  let isAccepted = false;
  request.once('socket', (socket) => socket.once('connect', () => (isAccepted = true)));
  request.once('response', (response) => resolve(isPong(response) ? 'alive' : 'refused'));
  request.on('error', (error) => {
    const code = 'code' in error ? String(error.code) : '';
    if (isAccepted || NOBODY.has(code)) resolve('refused');
    else if (code === 'ETIMEDOUT') resolve('silent');
    else reject(error);
  });
  const late = () => resolve(isAccepted ? 'stalled' : 'silent');
  // What came while this process itself was slow is heard first.
  const timer = setTimeout(() => setImmediate(late), timeoutMs);
  request.end();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    request.destroy();
  }
}
