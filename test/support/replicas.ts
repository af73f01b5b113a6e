import type { Browser } from 'puppeteer-core';
import { test as base } from 'vitest';
import { z } from 'zod';
import { TestCluster, type ClusterProcess } from './cluster.ts';
import { createWorkspace, type TestWorkspace } from './test.ts';

export interface Replicas {
  cluster: TestCluster;
  nodes: [ClusterProcess, ClusterProcess];
  first: ClusterProcess;
  second: ClusterProcess;
}

export type ReplicasTest = ReturnType<ReturnType<typeof testWithReplicas>['skipIf']>;

/** Tests with two nodes and two APIs for their file. */
export function testWithReplicas(env: Record<string, string> = {}) {
  return base.extend('replicas', { scope: 'file' }, async ({}, { onCleanup }) => {
    const cluster = await TestCluster.open();
    onCleanup(() => cluster[Symbol.asyncDispose]());
    const nodes = await Promise.all([cluster.start('node', env), cluster.start('node', env)]);
    const [first, second] = await Promise.all([
      cluster.start('api', env),
      cluster.start('api', env),
    ]);
    return { cluster, nodes, first, second } satisfies Replicas;
  });
}

const Ticket = z.object({ nodeId: z.uuid() });

/** The node that a connection's address leads to, as its ticket says. */
export function nodeIdOf(connectionUrl: string): string {
  const [ticket = ''] = connectionUrl.split('/v1/connect/').slice(1);
  const payload = Buffer.from(ticket.split('.')[0] ?? '', 'base64url');
  return Ticket.parse(JSON.parse(payload.toString())).nodeId;
}

/** As a load balancer does, when it sends the client of an address to another replica. */
export function at({ url }: ClusterProcess, connectionUrl: string): string {
  return connectionUrl.replace(/\/\/[^/]+/, `//${new URL(url).host}`);
}

/** Resolves when a client's connection with a browser is over. */
export async function disconnected(browser: Browser): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  browser.once('disconnected', () => resolve());
  await promise;
}

const TRIES = 20;

/**
 * Creates a runtime on a node. For each that comes to the other one, another is created there, as long
 * as it takes: the node with fewer runtimes is chosen.
 */
export async function createOn(
  { nodeId }: ClusterProcess,
  workspace: TestWorkspace,
  extra: Record<string, unknown> = {},
) {
  await using others = new AsyncDisposableStack();
  for (let nth = 0; nth < TRIES; nth++) {
    const runtime = await workspace.create(extra);
    if (nodeIdOf(runtime.connection.cdpUrl) === nodeId) return runtime;
    await workspace.stop(runtime.id);
    const other = await workspace.create();
    others.defer(async () => void (await workspace.stop(other.id)));
  }
  throw new Error(`no runtime came to the node ${nodeId}`);
}

/** A workspace, and a runtime of it on each node. */
export async function createOnBoth({ nodes: [one, other], first }: Replicas) {
  const workspace = await createWorkspace(first);
  return {
    workspace,
    runtimes: [await createOn(one, workspace), await createOn(other, workspace)],
  };
}
