import type { Logger } from 'pino';
import { failure } from '../runtime/failures.ts';
import type { RuntimeStore } from '../runtime/runtime-store.ts';

/**
 * After a crash: runtimes that the records of this node still call active belonged to a service
 * that is gone. Their browsers are gone too, or are killed when the machine is opened. The same
 * holds for a node that was lost, and has ended all its browsers.
 */
export async function reconcile(
  store: Pick<RuntimeStore, 'listActive' | 'move'>,
  nodeId: string,
  log: Logger,
  code: 'runtime.service_restarted' | 'runtime.node_lost' = 'runtime.service_restarted',
): Promise<void> {
  const active = await store.listActive(nodeId);
  // The clients of a lost node that lives on still wait for another one.
  const left = active.filter(({ queuedAt }) => code !== 'runtime.node_lost' || !queuedAt);
  for (const runtime of left) await store.move(runtime, { to: 'failed', failure: failure(code) });
  if (left.length > 0) {
    log.warn({ failed: left.length }, 'runtimes of a previous life were marked as failed');
  }
}
