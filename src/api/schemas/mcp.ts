import { z } from '@hono/zod-openapi';

const Message = z.looseObject({ jsonrpc: z.literal('2.0') });

export const McpMessage = z.union([Message, z.array(Message).min(1)]).openapi('McpMessage', {
  description: 'An MCP message, which is JSON-RPC 2.0.',
  example: { jsonrpc: '2.0', id: 1, method: 'ping' },
});

export const McpAnswer = z
  .looseObject({ jsonrpc: z.literal('2.0') })
  .openapi('McpAnswer', { description: 'The response, in JSON-RPC 2.0.' });
