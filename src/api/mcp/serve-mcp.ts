import type { CallToolResult, Tool } from '@modelcontextprotocol/server';

/** What a client may call. */
export interface ToolSet {
  /** For the model: what the tools are for. */
  instructions: string;
  tools: Tool[];
  call(name: string, args: Record<string, unknown>, signal: AbortSignal): Promise<CallToolResult>;
}

export interface McpRequest {
  request: Request;
  /** Its body. */
  message: unknown;
  /** The version of this service. */
  version: string;
  /** What the client is told about a call that failed. */
  toErrorText: (error: unknown) => string;
}

/**
 * Answers a request of MCP over Streamable HTTP. Nothing is kept between requests, so any process
 * answers any of them; a client that hangs up has the call of its tool given up. The credential is in
 * each request, so a page of another origin cannot use that of somebody else, and neither `Origin`
 * nor `Host` has to be checked. The protocol's code is loaded with the first request.
 */
export async function serveMcp(
  { request, message, version, toErrorText }: McpRequest,
  set: ToolSet,
): Promise<Response> {
  const { createMcpHandler, ProtocolError, ProtocolErrorCode, Server } =
    await import('@modelcontextprotocol/server');
  const handler = createMcpHandler(
    () => {
      const { instructions, tools } = set;
      const info = { name: 'bctrl', version };
      const server = new Server(info, { capabilities: { tools: {} }, instructions });
      server.setRequestHandler('tools/list', async () => ({ tools }));
      server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
        if (tools.every(({ name }) => name !== params.name)) {
          throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${params.name}`);
        }
        try {
          return await set.call(params.name, params.arguments ?? {}, mcpReq.signal);
        } catch (error) {
          mcpReq.signal.throwIfAborted();
          return { content: [{ type: 'text', text: toErrorText(error) }], isError: true };
        }
      });
      return server;
    },
    // There is nothing to subscribe to.
    { maxSubscriptions: 0 },
  );
  return handler.fetch(request, { parsedBody: message });
}
