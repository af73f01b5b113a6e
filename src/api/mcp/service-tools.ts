import type { CallToolResult } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Scope } from '../../runtime-manager/runtime/index.ts';
import { requestOf, type OperationRequest } from './operation-request.ts';
import type { OperationTool } from './operation-tools.ts';
import type { ToolSet } from './serve-mcp.ts';

const INSTRUCTIONS =
  'Real Chromium browsers. A runtime is a browser in a workspace; the workspace "default" is there from the start. Create a runtime, then drive it: a runtime has MCP tools of its own at connection.mcpUrl. Hand it to a person with runtime-control-request and an address from runtimes-embed-live. Stop it when you have finished.';

const JsonObject = z.record(z.string(), z.unknown());

export interface ServiceToolParts {
  operations: readonly OperationTool[];
  /** What the caller's key may do. */
  scopes: readonly Scope[];
  /** Asks this service, as the caller. */
  ask: (request: OperationRequest, signal: AbortSignal) => Promise<Response>;
}

/** The operations of the API that the caller may use, as tools: a call is a request like any other. */
export function serviceTools({ operations, scopes, ask }: ServiceToolParts): ToolSet {
  const allowed = operations.filter((one) => one.scopes.every((scope) => scopes.includes(scope)));
  return {
    instructions: INSTRUCTIONS,
    tools: allowed.map(({ tool }) => tool),
    call: async (name, args, signal) => {
      const called = allowed.find(({ tool }) => tool.name === name);
      if (!called) throw new Error(`there is no tool ${name}`);
      return toResult(await ask(requestOf(called, args), signal));
    },
  };
}

async function toResult(response: Response): Promise<CallToolResult> {
  const type = response.headers.get('content-type') ?? '';
  if (type.startsWith('image/')) {
    const data = Buffer.from(await response.arrayBuffer()).toString('base64');
    return { content: [{ type: 'image', data, mimeType: type }] };
  }
  const text = await response.text();
  // Such as a page as HTML.
  if (!type.startsWith('application/json')) return { content: [{ type: 'text', text }] };
  const structuredContent = JsonObject.parse(JSON.parse(text));
  return { content: [{ type: 'text', text }], structuredContent, isError: !response.ok };
}
