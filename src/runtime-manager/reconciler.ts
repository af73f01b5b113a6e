import type { Logger } from 'pino';
import type { RuntimeStore } from './store.ts';

/**
 * After a crash: what the records of this node still call active belonged to a service that is no
 * more, and its browsers went with it (they exit when the service's end of their pipe closes).
 */
export async function reconcile(store: RuntimeStore, nodeId: string, log: Logger): Promise<void> {
  const failed = await store.failActive(nodeId, {
    code: 'runtime.service_restarted',
    message: 'The service was restarted while the runtime was active.',
  });
  if (failed > 0) log.warn({ failed }, 'runtimes of a previous life were marked as failed');
}
