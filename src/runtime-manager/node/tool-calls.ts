import { RuntimeError } from '../errors.ts';
import { TOOL_PATH } from '../operations/tool-call.ts';
import type { Entered } from './access.ts';
import type { NodeRequest } from './runtime-node.ts';

/**
 * Has a tool of MCP called, as the body says; a GET only asks whether the connection lets clients in.
 * The runtime is in use until the answer. Throws `runtime.not_active` when the connection ends
 * meanwhile.
 */
export async function callTool(
  { connection, companions }: Entered,
  { gone, ...asked }: NodeRequest,
): Promise<Response> {
  if (asked.method === 'GET') return new Response(null, { status: 204 });
  using _request = connection.request(gone);
  const until = AbortSignal.any([gone, connection.over]);
  try {
    return await companions.answer({ ...asked, gone: until, path: TOOL_PATH }, connection);
  } catch (error) {
    if (connection.closed === undefined) throw error;
    throw new RuntimeError('runtime.not_active', connection.closed);
  }
}

/** The refusal of a websocket. */
export function httpOnly(): RuntimeError {
  return new RuntimeError(
    'connection.unsupported',
    'This is the mcpUrl of a runtime: it accepts MCP over HTTP, not websockets.',
  );
}
