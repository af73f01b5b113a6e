import type { Socket } from 'node:net';
import type { Dial } from './jail.ts';

/** The next connection is opened when whoever took the last one is under way. */
const PAUSE_MS = 50;

/**
 * Keeps one connection open ahead, so that the next client does not wait for it: handing one over
 * from a jail takes a millisecond.
 */
export function dialAhead(dial: Dial): Dial {
  let ahead: Promise<Socket | undefined> | undefined = open(dial);
  return async () => {
    const ready = ahead;
    ahead = undefined;
    setTimeout(() => {
      ahead ??= open(dial);
    }, PAUSE_MS).unref();
    const socket = await ready;
    return socket && !socket.destroyed ? socket : dial();
  };
}

async function open(dial: Dial): Promise<Socket | undefined> {
  try {
    const socket = await dial();
    socket.on('error', () => socket.destroy());
    return socket;
  } catch {
    // The next caller dials anew, and gets the error if there still is one.
    return undefined;
  }
}
