import { parseArgs } from 'node:util';
import { createNodeStore } from '../../db/queries/nodes.ts';
import type { ListedNode, NodeStore } from '../../runtime-manager/runtime/index.ts';
import { loadDatabaseConfig } from '../config/config.ts';
import { openDatabaseAsIs } from './database.ts';

const USAGE = `usage: npm run nodes -- <command>

  list         show the processes of the cluster
  drain ID     have a node take no more runtimes; those that it has go on
  undrain ID   have it take runtimes again

  A node follows within half a second, and one that drains goes on running: end it with SIGTERM.
  The command needs DATABASE_URL and nothing else. A service that is one process is drained by
  POST /v1/nodes/{id}/drain.
`;

/** Resolves with what is to be said. The schema stays as it is: services of another version may run. */
async function main(): Promise<string> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  const [command, id] = positionals;
  if (values.help) return USAGE;
  await using stack = new AsyncDisposableStack();
  if (command === 'list') return describe(await (await openStore(stack)).list());
  if (command === 'drain' && id !== undefined) {
    const store = await openStore(stack);
    await store.drain(await find(store, id));
    return `${id} drains\n`;
  }
  if (command === 'undrain' && id !== undefined) {
    const store = await openStore(stack);
    await store.undrain(await find(store, id));
    return `${id} takes runtimes\n`;
  }
  throw new Error(`that is not how it is called.\n\n${USAGE}`);
}

async function openStore(stack: AsyncDisposableStack): Promise<NodeStore> {
  return createNodeStore(await openDatabaseAsIs(loadDatabaseConfig(), stack));
}

async function find(store: NodeStore, nodeId: string): Promise<ListedNode> {
  const listed = await store.list();
  const found = listed.find(({ id, role }) => id === nodeId && role !== 'api');
  if (found) return found;
  throw new Error(`no node with browsers has the id ${nodeId}.`);
}

function describe(listed: ListedNode[]): string {
  const lines = listed.map(({ id, role, state, epoch, build, address, startedAt, leaseLeftMs }) =>
    [
      id,
      role,
      leaseLeftMs < 0 ? `${state}, lease over` : state,
      `epoch ${epoch}`,
      build,
      address ?? 'no address',
      `since ${startedAt.toISOString()}`,
    ].join('\t'),
  );
  return lines.map((line) => `${line}\n`).join('');
}

try {
  process.stdout.write(await main());
} catch (error) {
  process.stderr.write(`nodes: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
