import type { Logger } from 'pino';
import type { SocketRequest } from './connections/requests.ts';
import type { ReadTicket } from './connections/tickets.ts';
import type { RuntimeNode } from './node/runtime-node.ts';
import type { RuntimeEnd } from './node/runtime-record.ts';
import { failureOf } from './runtime/failures.ts';
import type { RuntimeLife } from './runtime/runtime.ts';

const LEFT = { to: 'stopped', reason: 'closed_by_client' } as const;

export interface FirstClient {
  asked: SocketRequest;
  /** Whether the runtime outlives the client, once the client was joined. */
  keepAlive: boolean;
  log: Logger;
}

/**
 * Joins the client that a life of a runtime was just begun for, and ends that life when the client
 * leaves, unless `keepAlive` is set. Resolves when the client is joined, or has hung up. Throws
 * `runtime.not_active` or `connection.failed` when the client cannot be joined; then the runtime is
 * ended too.
 */
export async function joinFirstClient(
  node: RuntimeNode,
  life: RuntimeLife,
  ticket: ReadTicket,
  { asked, keepAlive, log }: FirstClient,
): Promise<void> {
  const end = (how: RuntimeEnd) =>
    node.stop(life, how).catch((err: unknown) => {
      log.error({ err, runtimeId: life.id }, 'the end of a runtime is not recorded yet');
    });
  const joined = Promise.withResolvers<void>();
  let isKept = false;
  const onOpen = () => {
    isKept = keepAlive;
    asked.onOpen?.();
    joined.resolve();
  };
  const over = node.connect(ticket, { ...asked, onOpen });
  void over.then(
    () => (isKept ? undefined : end(LEFT)),
    (error: unknown) => end({ to: 'failed', failure: failureOf(error) }),
  );
  await Promise.race([joined.promise, over]);
}
