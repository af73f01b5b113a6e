import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { ApiEnv } from './api-env.ts';

/** An operation that the audit tells of. */
export interface AuditedOperation {
  verb: string;
  /** As it was declared: `/v1/workspaces/{id}`. */
  path: string;
}

/** Returns the operation of a request; undefined for one that changes nothing. */
export type AuditedOperations = (c: Context<ApiEnv>) => AuditedOperation | undefined;

/** The only GET that changes something: it creates a runtime. */
const CONNECT = 'workspaces-connect';
/**
 * What is no GET and changes nothing of the service: waits, and messages of MCP. What a message calls
 * at the service is a request of its own; what it does in a runtime is what clients do there.
 */
const READING = /(?:^mcp|-mcp|-wait)$/;

const SIGN_IN = { verb: 'console-sign-in', path: '/console/session' };

type Routes = Pick<OpenAPIHono<ApiEnv>, 'openAPIRegistry'>;

/** Knows the operations that the app has at the first request. */
export function auditedOperations(app: Routes): AuditedOperations {
  let known: Map<string, AuditedOperation> | undefined;
  return (c) => {
    known ??= operationsOf(app);
    for (const { method, path } of matchedRoutes(c)) {
      const operation = known.get(`${method} ${path}`);
      if (operation) return operation;
    }
    return undefined;
  };
}

function operationsOf({ openAPIRegistry }: Routes): Map<string, AuditedOperation> {
  const operations = new Map([[`POST ${SIGN_IN.path}`, SIGN_IN]]);
  for (const definition of openAPIRegistry.definitions) {
    if (definition.type !== 'route') continue;
    const { method, path, operationId: verb = '' } = definition.route;
    if ((method === 'get' && verb !== CONNECT) || READING.test(verb)) continue;
    const routingPath = path.replaceAll(/\{(\w+)\}/g, ':$1');
    operations.set(`${method.toUpperCase()} ${routingPath}`, { verb, path });
  }
  return operations;
}
