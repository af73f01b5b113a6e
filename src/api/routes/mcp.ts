import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { playwrightTools, type RuntimeManager } from '../../runtime-manager/index.ts';
import type { ApiEnv } from '../http/api-env.ts';
import { createRouter } from '../http/api-env.ts';
import { CONNECT_PATH } from '../http/connection-urls.ts';
import { ApiError, toErrorAnswer } from '../http/errors.ts';
import { BODY_ERRORS, errors, jsonBody, requires, RUNTIME_NOT_FOUND } from '../http/openapi.ts';
import type { PublicAddress } from '../http/public-address.ts';
import type { OperationRequest } from '../mcp/operation-request.ts';
import { operationTools, type OperationTool } from '../mcp/operation-tools.ts';
import { runtimeTools } from '../mcp/runtime-tools.ts';
import { serveMcp, type ToolSet } from '../mcp/serve-mcp.ts';
import { serviceTools } from '../mcp/service-tools.ts';
import { jsonOnly } from '../middleware/json-only.ts';
import { limitBody } from '../middleware/limit-body.ts';
import { McpAnswer, McpMessage } from '../schemas/mcp.ts';
import { RuntimePath } from '../schemas/runtime.ts';

const STATELESS =
  'There are no sessions: each message is a POST, and GET and DELETE return 405. If a client disconnects, its tool call is cancelled.';

const common = { tags: ['MCP'] };
const METHOD = 'post';
const answers = {
  200: {
    description: 'The response',
    content: {
      'application/json': { schema: McpAnswer },
      'text/event-stream': { schema: z.string() },
    },
  },
  202: { description: 'The notification was received.' },
};

const ofService = createRoute({
  ...common,
  ...requires('runtimes:read'),
  operationId: 'mcp',
  method: METHOD,
  path: '/v1/mcp',
  summary: 'Use this service over MCP',
  description: `Implements MCP over Streamable HTTP. The tools are those operations of this API that the key may use, named by their ids. A tool call counts as a separate request. ${STATELESS}`,
  request: jsonBody(McpMessage),
  responses: { ...answers, ...errors(...BODY_ERRORS) },
});

/** Where MCP is spoken with an API key. */
export const MCP_PATHS = ['/v1/mcp', '/v1/workspaces/:id/runtimes/:alias/mcp'] as const;

const RUNTIME_ERRORS = [...BODY_ERRORS, 'runtime.not_active', 'runtime.unreachable'] as const;

const ofRuntime = createRoute({
  ...common,
  ...requires('runtimes:connect'),
  operationId: 'runtimes-mcp',
  method: METHOD,
  path: '/v1/workspaces/{id}/runtimes/{alias}/mcp',
  summary: 'Control a runtime over MCP',
  description: `Implements MCP over Streamable HTTP. The tools are those of Playwright's own MCP server, except for those that run code or read files on the machine of the service. Snapshots and screenshots are part of the responses; files that tools write become files of the runtime. ${STATELESS} A client that cannot send headers can use \`connection.mcpUrl\`.`,
  request: { params: RuntimePath, ...jsonBody(McpMessage) },
  responses: {
    ...answers,
    ...errors(...RUNTIME_NOT_FOUND, ...RUNTIME_ERRORS, 'connection.revoked'),
  },
});

const TICKET_PATH = `${CONNECT_PATH}/{ticket}/mcp`;

const byTicket = createRoute({
  ...common,
  hide: true,
  method: METHOD,
  path: TICKET_PATH,
  request: { params: z.object({ ticket: z.string() }), ...jsonBody(McpMessage) },
  responses: answers,
});

export interface McpParts {
  runtimes: RuntimeManager;
  addressOf: PublicAddress;
  version: string;
}

/** MCP of one runtime, for clients that have its URL and nothing else. */
export function ticketedMcpRoutes(parts: McpParts & { bodyMaxBytes: number }) {
  const { runtimes, bodyMaxBytes } = parts;
  const tools = playwrightTools();
  const router = createRouter();
  const path = byTicket.getRoutingPath();
  router.post(path, limitBody(bodyMaxBytes), jsonOnly);
  router.openapi(byTicket, async (c) => {
    const ticket = runtimes.access.readMcp(c.req.valid('param').ticket);
    c.set('runtimeId', ticket.runtimeId);
    await runtimes.access.assertAdmitted(ticket, c.req.raw.signal);
    const set = runtimeTools({ runtimes, tools, ticket, fileUrl: undefined });
    return answer(c, parts, { message: c.req.valid('json'), set });
  });
  return router.all(path, (c) => {
    runtimes.access.readMcp(c.req.param('ticket') ?? '');
    const message = `There is no ${c.req.method} here, but POST.`;
    throw new ApiError('route.method_not_allowed', message, { allow: ['POST'] });
  });
}

export interface ServiceMcpParts extends McpParts {
  /** All routes, and what they are documented as. */
  app: {
    fetch: (request: Request, env: ApiEnv['Bindings']) => Response | Promise<Response>;
    document: (address: string) => object;
  };
}

/** MCP for whoever has a key: of one runtime, and of the whole service. */
export function mcpRoutes(parts: ServiceMcpParts) {
  const { runtimes, addressOf, app } = parts;
  const tools = playwrightTools();
  let operations: OperationTool[] | undefined;
  return createRouter()
    .openapi(ofRuntime, async (c) => {
      const { id, alias } = c.req.valid('param');
      const runtime = await runtimes.getActive(c.var.actor, id, alias);
      c.set('runtimeId', runtime.id);
      const { ticket } = runtimes.access.own(runtime, 'mcp');
      await runtimes.access.assertAdmitted(ticket, c.req.raw.signal);
      const files = `${addressOf(c)}/v1/workspaces/${runtime.workspaceId}/runtimes/${runtime.id}/files`;
      const fileUrl = (fileId: string) => `${files}/${fileId}/content`;
      const set = runtimeTools({ runtimes, tools, ticket, fileUrl });
      return answer(c, parts, { message: c.req.valid('json'), set });
    })
    .openapi(ofService, async (c) => {
      operations ??= operationTools(app.document(addressOf(c)));
      const ask = (request: OperationRequest, signal: AbortSignal) =>
        Promise.resolve(app.fetch(toRequest(c, request, signal), { ...c.env, isOfTool: true }));
      const set = serviceTools({ operations, scopes: c.var.actor.scopes, ask });
      return answer(c, parts, { message: c.req.valid('json'), set });
    });
}

async function answer(
  c: Context<ApiEnv>,
  { version }: McpParts,
  { message, set }: { message: unknown; set: ToolSet },
): Promise<Response> {
  const { requestId, log } = c.var;
  const toErrorText = (error: unknown) => JSON.stringify(toErrorAnswer(error, requestId, log).body);
  const { url, headers, signal } = c.req.raw;
  const request = new Request(url, { method: 'POST', headers, signal });
  return serveMcp({ request, message, version, toErrorText }, set);
}

/** The caller's own request, for another operation. */
function toRequest(c: Context<ApiEnv>, asked: OperationRequest, signal: AbortSignal): Request {
  const headers = new Headers(c.req.raw.headers);
  for (const name of ['content-length', 'content-type', 'transfer-encoding', 'idempotency-key']) {
    headers.delete(name);
  }
  headers.set('x-request-id', c.var.requestId);
  for (const [name, value] of Object.entries(asked.headers)) headers.set(name, value);
  const { method, body } = asked;
  if (body !== undefined) headers.set('content-type', 'application/json');
  const url = new URL(asked.path, c.req.url);
  return new Request(url, { method, headers, signal, ...(body !== undefined && { body }) });
}
