import type { SocketRequest } from '../connections/requests.ts';
import { failureOf } from '../runtime/failures.ts';
import type { LiveRuntime } from './live-runtime.ts';
import type { RuntimeEnd } from './runtime-record.ts';

const LEFT = { to: 'stopped', reason: 'closed_by_client' } as const;

/**
 * Joins the client that a runtime was just made for, and ends the runtime when the client leaves,
 * unless it is to be kept, or when the client cannot be joined. Resolves when the client has gone.
 * Throws what `connect` throws.
 */
export async function connectFirst(
  live: LiveRuntime,
  asked: SocketRequest,
  connect: (asked: SocketRequest) => Promise<void>,
): Promise<void> {
  let isKept = false;
  const onOpen = () => {
    isKept = asked.first?.keepAlive === true;
    asked.onOpen?.();
  };
  const end = (how: RuntimeEnd) => {
    // The end is recorded in any case, and the runtime logs when that takes its time.
    live.end(how).catch(() => undefined);
  };
  try {
    await connect({ ...asked, onOpen });
    if (!isKept) end(LEFT);
  } catch (error) {
    end({ to: 'failed', failure: failureOf(error) });
    throw error;
  }
}
