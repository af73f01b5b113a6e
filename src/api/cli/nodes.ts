import { parseArgs } from 'node:util';
import { createNodeStore } from '../../db/queries/nodes.ts';
import type { ListedNode, NodeStore } from '../../runtime-manager/runtime/index.ts';
import { loadDatabaseConfig } from '../config/config.ts';
import { openDatabaseAsIs } from './database.ts';

const USAGE = `usage: npm run nodes -- <command>

  list         show the processes of the cluster
  drain ID     drain a node: it accepts no new runtimes, and its active ones continue
  undrain ID   stop draining a node: it accepts new runtimes again

  The node reacts within half a second. A draining node keeps running: end it with SIGTERM.
  The command needs only DATABASE_URL. To drain a service that is a single process, use
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
    return `${id} is draining\n`;
  }
  if (command === 'undrain' && id !== undefined) {
    const store = await openStore(stack);
    await store.undrain(await find(store, id));
    return `${id} accepts runtimes\n`;
  }
  throw new Error(`unknown command or missing argument.\n\n${USAGE}`);
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
      leaseLeftMs < 0 ? `${state}, lease expired` : state,
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
