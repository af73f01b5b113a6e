import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { ApiEnv } from './api-env.ts';

/** An operation as it was declared. */
export interface DeclaredOperation {
  method: string;
  id: string;
  /** With the names of parameters: `/v1/workspaces/{id}`. */
  path: string;
}

/** Returns the operation of a request; undefined for one that has none. */
export type OperationOf = (c: Context<ApiEnv>) => DeclaredOperation | undefined;

/** The document has no operations of the console's own. */
const SIGN_IN = { method: 'POST', id: 'console-sign-in', path: '/console/session' };

type Routes = Pick<OpenAPIHono<ApiEnv>, 'openAPIRegistry'>;

/** Knows the operations that the app has at the first request. */
export function createOperationOf(app: Routes): OperationOf {
  let known: Map<string, DeclaredOperation> | undefined;
  return (c) => {
    known ??= operationsOf(app);
    for (const { method, path } of matchedRoutes(c)) {
      const operation = known.get(`${method} ${path}`);
      if (operation) return operation;
    }
    return undefined;
  };
}

function operationsOf({ openAPIRegistry }: Routes): Map<string, DeclaredOperation> {
  const operations = new Map([[`POST ${SIGN_IN.path}`, SIGN_IN]]);
  for (const definition of openAPIRegistry.definitions) {
    if (definition.type !== 'route') continue;
    const { path, operationId: id = '' } = definition.route;
    const method = definition.route.method.toUpperCase();
    operations.set(`${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`, { method, id, path });
  }
  return operations;
}
