import type { Duplex } from 'node:stream';

/** Joins two connections until both are over; when one breaks, so does the other. */
export function splice(one: Duplex, other: Duplex): void {
  one.pipe(other).pipe(one);
  breakTogether(one, other);
}

export function breakTogether(one: Duplex, other: Duplex): void {
  breakWith(one, other);
  breakWith(other, one);
}

function breakWith(closing: Duplex, other: Duplex): void {
  closing.on('error', () => other.destroy());
  closing.once('close', () => {
    // When both were read to their ends, the last bytes may still have to be written.
    if (!closing.readableEnded || !other.readableEnded) other.destroy();
  });
}
