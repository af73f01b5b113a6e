import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { createNodeStore } from '../../../src/db/queries/nodes.ts';
import { member, MINUTE_MS } from '../../support/cluster-test.ts';
import { commandEnvironment, runCommand } from '../../support/command-line.ts';
import { openTestDatabase } from '../../support/database.ts';

async function openNodes() {
  const database = await openTestDatabase();
  onTestFinished(() => database[Symbol.asyncDispose]());
  const env = await commandEnvironment(database);
  const ask = (...args: string[]) =>
    runCommand('cli/nodes', args, env).then(({ stdout }) => stdout.trim());
  return { store: createNodeStore(database), ask };
}

test('the command line lists processes, drains nodes and takes that back', async () => {
  const { store, ask } = await openNodes();
  expect(await ask('list')).toBe('');
  const node = await store.join(member(), MINUTE_MS);
  const api = await store.join({ ...member(), role: 'api', address: undefined }, MINUTE_MS);
  expect(await ask('drain', node.id)).toBe(`${node.id} is draining`);
  const lines = (await ask('list')).split('\n').map((line) => line.split('\t'));
  expect(lines.map((fields) => fields.slice(0, -1))).toEqual([
    [api.id, 'api', 'up', 'epoch 1', 'b', 'no address'],
    [node.id, 'node', 'draining', 'epoch 1', 'b', '10.0.0.7:9000'],
  ]);
  expect(await ask('undrain', node.id)).toBe(`${node.id} accepts runtimes`);
  expect((await store.list()).at(-1)).toMatchObject({ id: node.id, state: 'up' });
});

test('what is no node with browsers is refused, and so is a command that there is not', async () => {
  const { store, ask } = await openNodes();
  const { id } = await store.join({ ...member(), role: 'api' }, MINUTE_MS);
  for (const unknown of [id, randomUUID(), 'nonsense']) {
    await expect(ask('drain', unknown)).rejects.toMatchObject({
      code: 1,
      stderr: `nodes: no node with browsers has the id ${unknown}.\n`,
    });
  }
  await expect(ask('drain')).rejects.toMatchObject({
    stderr: expect.stringContaining('usage: npm run nodes'),
  });
});
