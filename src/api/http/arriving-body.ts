import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { ApiError } from './errors.ts';

/** How long a body may bring nothing. */
const STALL_MS = 60_000;

/**
 * A body of any size as it arrives, which fails with `request.invalid` when it breaks off or brings
 * nothing any more. Its client still gets an answer when this is destroyed, unlike when the request is.
 */
export function arrivingBody(incoming: IncomingMessage): Readable {
  let stalled: NodeJS.Timeout | undefined;
  const breakOff = () => {
    body.destroy(new ApiError('request.invalid', 'The body was interrupted.'));
  };
  const onData = (chunk: Buffer) => {
    stalled?.refresh();
    if (!body.push(chunk)) incoming.pause();
  };
  const onEnd = () => {
    leave();
    body.push(null);
  };
  const leave = () => {
    clearTimeout(stalled);
    incoming.off('end', onEnd).off('error', breakOff).off('close', breakOff).off('data', onData);
  };
  const begin = () => {
    stalled = setTimeout(() => {
      // What is not read cannot come.
      if (incoming.isPaused()) stalled?.refresh();
      else breakOff();
    }, STALL_MS);
    if (incoming.destroyed) return breakOff();
    incoming.on('end', onEnd).on('error', breakOff).on('close', breakOff).on('data', onData);
  };
  const body = new Readable({
    read: () => {
      if (stalled) incoming.resume();
      else begin();
    },
    destroy: (error, done) => {
      leave();
      incoming.pause();
      done(error);
    },
  });
  return body;
}
