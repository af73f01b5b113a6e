import type { Logger } from 'pino';
import { failure } from '../runtime/failures.ts';
import type { RuntimeStore } from '../runtime/runtime-store.ts';

const RESTARTED = failure('runtime.service_restarted');

/**
 * After a crash: runtimes that the records of this node still call active belonged to a service
 * that is gone. Their browsers are gone too, or are killed when the machine is opened.
 */
export async function reconcile(store: RuntimeStore, nodeId: string, log: Logger): Promise<void> {
  const left = await store.listActive(nodeId);
  for (const runtime of left) await store.move(runtime, { to: 'failed', failure: RESTARTED });
  if (left.length > 0) {
    log.warn({ failed: left.length }, 'runtimes of a previous life were marked as failed');
  }
}
