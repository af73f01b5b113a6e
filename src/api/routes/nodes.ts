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
    'Returns the processes of the whole cluster that are running or draining: nodes, and processes that only serve requests.',
  responses: { 200: json(NodeList, 'The processes'), ...errors() },
});

const drain = createRoute({
  ...common,
  operationId: 'nodes-drain',
  method: 'post',
  path: `${PATH}/{nodeId}/drain`,
  summary: 'Drain a node',
  description:
    'The node accepts no new runtimes. Its active runtimes continue, with their clients, until they end by themselves or `BCTRL_DRAIN_SECONDS` have passed. Then the remaining runtimes are stopped, with the reason `drained`, and their profiles are saved. The process keeps running and draining until `undrain` or until it ends. In a cluster, the node reacts within half a second. Draining a node again changes nothing.',
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
  summary: 'Stop draining a node',
  description:
    'The node accepts new runtimes again. A node that is about to end continues to drain.',
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
