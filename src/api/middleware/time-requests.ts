import { createMiddleware } from 'hono/factory';
import type { ApiEnv } from '../http/api-env.ts';
import type { Metrics } from '../http/metrics.ts';
import type { OperationOf } from '../http/operations.ts';
import { statusOf } from './request-context.ts';

/** Times requests by their operations; what has none is not counted, so nobody can make up names. */
export function timeRequests({ answered }: Pick<Metrics, 'answered'>, operationOf: OperationOf) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    await next();
    const operation = operationOf(c);
    if (!operation) return;
    answered(operation.id, statusOf(c), performance.now() - c.var.arrivedAt);
  });
}
