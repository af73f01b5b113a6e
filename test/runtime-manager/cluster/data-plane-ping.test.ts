import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { DataPlaneClient } from '../../../src/runtime-manager/cluster/data-plane/data-plane-client.ts';
import { portOf, requestOf } from '../../support/node-under-test.ts';
import { openBlackHole, openProcess } from './data-plane-children.ts';
import { handshake, KEYS, makeCertificates, openPlaneTo, TICKETS } from './data-plane-support.ts';

const PATIENT_MS = 30_000;
const BRIEF_MS = 1000;

test.each(['plain TCP', 'TLS'])('a node that is there is alive, over %s', async (over) => {
  await using certificates = over === 'TLS' ? await makeCertificates() : undefined;
  const { client, target } = await openPlaneTo({}, { certificates });
  expect(await client.ping(target, PATIENT_MS)).toBe('alive');
});

test('a node whose process is gone, or whose name is, is refused', async () => {
  const { client, target, listener } = await openPlaneTo({});
  await listener[Symbol.asyncDispose]();
  expect(await client.ping(target, PATIENT_MS)).toBe('refused');
  const named = { ...target, address: 'node.invalid:8788' };
  expect(await client.ping(named, PATIENT_MS)).toBe('refused');
});

test('whoever else is at the address of a node is not the node', async () => {
  const { client, target } = await openPlaneTo({});
  expect(await client.ping({ ...target, nodeId: randomUUID() }, PATIENT_MS)).toBe('refused');
  const other = await openPlaneTo({}, { keys: [randomBytes(32)] });
  const address = `127.0.0.1:${other.listener.port}`;
  expect(await client.ping({ ...target, address }, PATIENT_MS)).toBe('refused');
  const web = createHttpServer((request, response) => {
    response.setHeader('x-bctrl-signature', String(request.headers['x-bctrl-signature']));
    response.end('{}');
  });
  const deaf = createServer((socket) => socket.destroy());
  for (const server of [web, deaf]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const elsewhere = `127.0.0.1:${portOf(server.address())}`;
    expect(await client.ping({ ...target, address: elsewhere }, PATIENT_MS)).toBe('refused');
  }
  expect(await client.ping(target, PATIENT_MS)).toBe('alive');
});

test('a node whose process is stopped is stalled, and alive when it goes on', async () => {
  await using certificates = await makeCertificates();
  await using secured = new DataPlaneClient({
    tickets: TICKETS,
    keys: KEYS,
    tls: certificates.api,
  });
  const { child, client, target } = await openProcess();
  expect(await client.ping(target, PATIENT_MS)).toBe('alive');
  child.kill('SIGSTOP');
  expect(await client.ping(target, BRIEF_MS)).toBe('stalled');
  expect(await secured.ping(target, BRIEF_MS)).toBe('stalled');
  child.kill('SIGCONT');
  expect(await client.ping(target, PATIENT_MS)).toBe('alive');
});

test('a node that does not even take connections is silent, and unreachable for clients', async () => {
  const { client, target, ticket } = await openPlaneTo({});
  const away = { ...target, address: await openBlackHole() };
  expect(await client.ping(away, BRIEF_MS)).toBe('silent');
  const { gone } = await handshake((asked) => client.connect(away, ticket, asked));
  const unreachable = { code: 'runtime.unreachable' };
  await expect(client.answer(away, ticket, requestOf())).rejects.toMatchObject(unreachable);
  await expect(gone).rejects.toMatchObject(unreachable);
});

test('a ping that cannot be made says nothing of the node', async () => {
  const { client, target } = await openPlaneTo({});
  const nowhere = { ...target, address: 'nowhere' };
  await expect(client.ping(nowhere, PATIENT_MS)).rejects.toThrow(
    'nowhere is no address of a node: it is not <host>:<port>.',
  );
});
