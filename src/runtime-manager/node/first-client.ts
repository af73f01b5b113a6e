import type { Logger } from 'pino';
import type { SocketRequest } from '../connections/requests.ts';
import type { RuntimeManager } from '../manager.ts';
import { failureOf } from '../runtime/failures.ts';
import type { RuntimeEnd } from './runtime-record.ts';
import type { Runtime } from '../runtime/runtime.ts';

const LEFT = { to: 'stopped', reason: 'closed_by_client' } as const;

export interface FirstClient {
  asked: SocketRequest;
  /** The runtime outlives it, once it was joined. */
  keepAlive: boolean;
  log: Logger;
}

/**
 * Joins the client that a runtime was just made for, by CDP, and ends the runtime with it. Resolves
 * when the client is joined, or has hung up. Throws `runtime.not_active` or `connection.failed` when
 * they cannot be joined; then the runtime is ended too.
 */
export async function joinFirstClient(
  { live, access }: Pick<RuntimeManager, 'live' | 'access'>,
  runtime: Runtime,
  { asked, keepAlive, log }: FirstClient,
): Promise<void> {
  const { connection, endpoints } = access.enter(runtime, 'cdp');
  // One that is started again meanwhile has another life, which is not this client's.
  const life = live.get(runtime.id);
  const end = (how: RuntimeEnd) =>
    life?.end(how).catch((err: unknown) => {
      log.error({ err, runtimeId: runtime.id }, 'the end of a runtime is not recorded yet');
    });
  const joined = Promise.withResolvers<void>();
  let isKept = false;
  const onOpen = () => {
    isKept = keepAlive;
    asked.onOpen?.();
    joined.resolve();
  };
  const over = endpoints.connect(connection, { ...asked, onOpen });
  void over.then(
    () => (isKept ? undefined : end(LEFT)),
    (error: unknown) => end({ to: 'failed', failure: failureOf(error) }),
  );
  await Promise.race([joined.promise, over]);
}
