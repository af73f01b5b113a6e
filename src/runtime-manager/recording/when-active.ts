import type { CdpSession } from '../browser/cdp/cdp-session.ts';
import { retry } from '../timing/retry.ts';

const DELAYS = { minMs: 10, maxMs: 100 };
const ATTEMPTS = 8;

/**
 * Does what Chromium refuses for some milliseconds of a page that has only just opened, or is going
 * elsewhere. Throws what `work` throws at last.
 */
export function whenActive<T>({ gone }: CdpSession, work: () => Promise<T>): Promise<T> {
  let attempts = 0;
  return retry(work, {
    ...DELAYS,
    signal: gone,
    onFailure: (error) => {
      if (++attempts === ATTEMPTS) throw error;
    },
  });
}
