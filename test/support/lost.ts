import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { z } from 'zod';
import { openCdp } from './cdp.ts';
import type { ClusterProcess } from './cluster.ts';

export const RUNTIMES = '/v1/workspaces/default/runtimes';
export const NODE_LOST = {
  status: 'failed',
  failure: {
    code: 'runtime.node_lost',
    message: 'The machine that held the runtime is gone.',
  },
};

let count = 0;

/** A runtime that runs, and the node that has it. */
export interface PlacedRuntime {
  id: string;
  cdpUrl: string;
  nodeId: string;
}

export function create({ call }: ClusterProcess, extra: Record<string, unknown> = {}) {
  return call('POST', RUNTIMES, { alias: `r-${count++}`, kind: 'browser', ...extra });
}

export async function place(
  api: ClusterProcess,
  extra: Record<string, unknown> = {},
): Promise<PlacedRuntime> {
  const made = await create(api, extra);
  expect(made, made.text).toMatchObject({ status: 200 });
  const { id, connection } = made.json;
  return { id, cdpUrl: connection.cdpUrl, nodeId: nodeIdIn(connection.cdpUrl) };
}

/** Creates runtimes until a node has so many; those that come to other nodes stay. */
export async function placeOn(
  api: ClusterProcess,
  nodeId: string,
  { most = 20, ...extra }: Record<string, unknown> & { most?: number } = {},
): Promise<PlacedRuntime> {
  for (let nth = 0; nth < most; nth++) {
    const placed = await place(api, extra);
    if (placed.nodeId === nodeId) return placed;
    await api.call('POST', `${RUNTIMES}/${placed.id}/stop`);
  }
  throw new Error(`no runtime came to the node ${nodeId}`);
}

export async function nodeIdOf({ dataDir }: ClusterProcess): Promise<string> {
  return (await readFile(join(dataDir, 'node-id'), 'utf8')).trim();
}

const Ticket = z.object({ nodeId: z.uuid() });

function nodeIdIn(cdpUrl: string): string {
  const [, ticket = ''] = cdpUrl.split('/v1/connect/');
  const payload = Buffer.from(ticket.split('.')[0] ?? '', 'base64url');
  return Ticket.parse(JSON.parse(payload.toString())).nodeId;
}

export async function assertActive(
  { call }: ClusterProcess,
  runtimes: readonly PlacedRuntime[],
): Promise<void> {
  for (const { id } of runtimes) {
    expect(await call('GET', `${RUNTIMES}/${id}`)).toMatchObject({ json: { status: 'active' } });
  }
}

/** Opens a socket to each runtime, to ask all of them again and again whether they are there. */
export async function openSockets(runtimes: readonly PlacedRuntime[]) {
  const sockets = await Promise.all(runtimes.map(({ cdpUrl }) => openCdp(cdpUrl)));
  return {
    ask: () => Promise.all(sockets.map(({ send }) => send('Browser.getVersion'))),
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket[Symbol.dispose]();
    },
  };
}

/** Does something again and again for so long. */
export async function during(ms: number, work: () => Promise<void>): Promise<void> {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    await work();
    await delay(100);
  }
}
