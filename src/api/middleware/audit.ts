import { createMiddleware } from 'hono/factory';
import type { AuditTrail } from '../../runtime-manager/index.ts';
import type { ApiActor, ApiEnv } from '../http/api-env.ts';
import { toAuditEntry } from '../http/audit-entry.ts';
import type { ClientAddress } from '../http/client-address.ts';
import type { DeclaredOperation, OperationOf } from '../http/operations.ts';

/** The only GET that changes something: it creates a runtime. */
const CONNECT = 'workspaces-connect';
/**
 * What is no GET and changes nothing of the service: waits, and messages of MCP. What a message calls
 * at the service is a request of its own; what it does in a runtime is what clients do there.
 */
const READING = /(?:^mcp|-mcp|-wait)$/;

export interface AuditParts {
  audit: AuditTrail;
  clientAddressOf: ClientAddress;
  operationOf: OperationOf;
}

/** Records what requests with a valid key change, and what they are refused. */
export function recordChanges({ audit, clientAddressOf, operationOf }: AuditParts) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    await next();
    const { actor }: { actor?: ApiActor } = c.var;
    const operation = actor && operationOf(c);
    if (!operation || !isChange(operation)) return;
    audit.record(toAuditEntry(c, operation, actor, clientAddressOf(c.env.incoming)));
  });
}

function isChange({ method, id }: DeclaredOperation): boolean {
  return id === CONNECT || (method !== 'GET' && !READING.test(id));
}
