import { createMiddleware } from 'hono/factory';
import type { AuditTrail } from '../../runtime-manager/index.ts';
import type { ApiActor, ApiEnv } from '../http/api-env.ts';
import { toAuditEntry } from '../http/audit-entry.ts';
import type { AuditedOperations } from '../http/audited-operations.ts';
import type { ClientAddress } from '../http/client-address.ts';

export interface AuditParts {
  audit: AuditTrail;
  clientAddressOf: ClientAddress;
}

/** Records what requests with a valid key change, and what they are refused. */
export function recordChanges(
  { audit, clientAddressOf }: AuditParts,
  operationOf: AuditedOperations,
) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    await next();
    const { actor }: { actor?: ApiActor } = c.var;
    const operation = actor && operationOf(c);
    if (operation) audit.record(toAuditEntry(c, operation, actor, clientAddressOf(c.env.incoming)));
  });
}
