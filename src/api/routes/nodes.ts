import { createRoute } from '@hono/zod-openapi';
import type { NodeControl } from '../../runtime-manager/index.ts';
import { createRouter } from '../http/api-env.ts';
import { errors, IdempotencyKeyHeader, json, POST_ERRORS, requires } from '../http/openapi.ts';
import { NodeBody, NodeList, NodePath, toNodeBody } from '../schemas/node.ts';

const common = { tags: ['Nodes'], ...requires('admin') };
const PATH = '/v1/nodes';

const list = createRoute({
  ...common,
  operationId: 'nodes-list',
  method: 'get',
  path: PATH,
  summary: 'List the processes of the service, newest first',
  description:
    'Those that are up or draining, of the whole cluster: nodes, and processes that only answer clients.',
  responses: { 200: json(NodeList, 'The processes'), ...errors() },
});

const drain = createRoute({
  ...common,
  operationId: 'nodes-drain',
  method: 'post',
  path: `${PATH}/{nodeId}/drain`,
  summary: 'Have a node take no more runtimes',
  description:
    'The runtimes of the node go on, with the clients that use them, until they end by themselves or `BCTRL_DRAIN_SECONDS` are over; those that are left then are stopped (`drained`), and profiles saved. The process stays, and drains until `undrain` or its end. In a cluster the node follows within half a second. Draining a node again changes nothing.',
  parameters: [IdempotencyKeyHeader],
  request: { params: NodePath },
  responses: {
    200: json(NodeBody, 'The node'),
    ...errors(...POST_ERRORS, 'node.not_found'),
  },
});

const undrain = createRoute({
  ...common,
  operationId: 'nodes-undrain',
  method: 'post',
  path: `${PATH}/{nodeId}/undrain`,
  summary: 'Have a node take runtimes again',
  description: 'A node that is about to end goes on draining.',
  parameters: [IdempotencyKeyHeader],
  request: { params: NodePath },
  responses: {
    200: json(NodeBody, 'The node'),
    ...errors(...POST_ERRORS, 'node.not_found'),
  },
});

export function nodeRoutes({ nodeControl }: { nodeControl: NodeControl }) {
  return createRouter()
    .openapi(list, async (c) => {
      const nodes = await nodeControl.list();
      return c.json({ nodes: nodes.map(toNodeBody) }, 200);
    })
    .openapi(drain, async (c) => {
      const node = await nodeControl.drain(c.req.valid('param').nodeId);
      return c.json(toNodeBody(node), 200);
    })
    .openapi(undrain, async (c) => {
      const node = await nodeControl.undrain(c.req.valid('param').nodeId);
      return c.json(toNodeBody(node), 200);
    });
}
