import type { Tool } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Scope } from '../../runtime-manager/runtime/index.ts';
import { OpenApiDocument, Operation, type Components } from './operation.ts';
import { inputSchemaOf } from './operation-input.ts';
import type { PlacedOperation } from './operation-request.ts';
import { TOOL_OPERATIONS } from './operations.ts';

/** An operation of the API as a tool. */
export interface OperationTool extends PlacedOperation {
  tool: Tool;
  scopes: readonly Scope[];
}

/** What ends or takes away something that somebody may use. */
const DESTRUCTIVE = /-(?:delete|revoke|stop|restart)$/;
/** What is a POST, but changes nothing. */
const READING = /-wait$/;
const REPEATABLE = /-(?:start|stop)$/;

const Named = z.object({ operationId: z.enum(TOOL_OPERATIONS) });

/** Makes tools of those operations of an OpenAPI document that are to be tools. */
export function operationTools(document: object): OperationTool[] {
  const { paths, components } = OpenApiDocument.parse(JSON.parse(JSON.stringify(document)));
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => Named.safeParse(operation).success)
      .map(([method, given]) => {
        const operation = Operation.parse(given);
        const tool = toTool(method, operation, components.schemas);
        const scopes = operation['x-required-scopes'];
        return { tool, scopes, method: method.toUpperCase(), path, operation };
      }),
  );
}

function toTool(method: string, operation: Operation, components: Components): Tool {
  const { operationId: name, summary, description } = operation;
  const isReading = method === 'get' || READING.test(name);
  return {
    name,
    description: description ? `${summary}. ${description}` : `${summary}.`,
    inputSchema: inputSchemaOf(operation, components),
    annotations: {
      title: summary,
      readOnlyHint: isReading,
      destructiveHint: DESTRUCTIVE.test(name),
      idempotentHint: isReading || method !== 'post' || REPEATABLE.test(name),
      openWorldHint: false,
    },
  };
}
