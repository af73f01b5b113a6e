import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { expect } from 'vitest';
import { ownConnectionId } from '../../../src/runtime-manager/connections/own-connection.ts';
import type { ReadTicket } from '../../../src/runtime-manager/connections/tickets.ts';
import type { RuntimeNode } from '../../../src/runtime-manager/node/runtime-node.ts';
import { PROTOCOLS, type Runtime } from '../../../src/runtime-manager/runtime/index.ts';
import { bodyOf, connectTo, requestOf, ticketOf } from '../../support/node-under-test.ts';
import type { NodeTest } from '../../support/node-test.ts';

const REQUESTED = { to: 'stopped', reason: 'requested' } as const;
const GOING_AWAY = 1001;
const soon = () => new Date(Date.now() + 60_000);
const idsOf = (runtime: Runtime) => PROTOCOLS.map((one) => ownConnectionId(runtime, one));

/** The ways into runtimes, and who is let in. */
export function testConnections(test: NodeTest): void {
  testWays(test);
  testRevocations(test);
  testRefusals(test);
}

function testWays(test: NodeTest): void {
  test('the own connections of a runtime follow from its record', async ({ tenant }) => {
    const runtime = await tenant.create();
    const listed = await tenant.node.listConnections(runtime);
    expect(listed.map(({ id }) => id).toSorted()).toEqual(idsOf(runtime).toSorted());
    for (const one of listed) {
      expect(one).toMatchObject({ access: 'control', attachedClients: 0, expiresAt: undefined });
    }
  });

  test('a connection that is made for a client is listed first, and lets it in', async ({
    tenant: { create, node },
  }) => {
    const runtime = await create();
    const expiresAt = soon();
    const made = await node.createConnection(runtime, {
      protocol: 'cdp',
      access: 'control',
      expiresAt,
    });
    expect(made).toMatchObject({ protocol: 'cdp', access: 'control', expiresAt });
    const ticket = ticketOf(runtime, 'cdp', { connectionId: made.id, expiresAt });
    const { opened, socket, gone } = await connectTo(node, ticket);
    await opened;
    const [first, ...others] = await node.listConnections(runtime);
    expect(first).toMatchObject({
      id: made.id,
      attachedClients: 1,
      lastActivityAt: expect.any(Date),
    });
    expect(others.map(({ attachedClients }) => attachedClients)).toEqual(PROTOCOLS.map(() => 0));
    socket.close();
    await gone;
    // A node in another process hears of it a moment later.
    const last = async () => (await node.listConnections(runtime))[0];
    await expect.poll(last).toMatchObject({ id: made.id, attachedClients: 0 });
  });

  test('whoever comes and goes is recorded', async ({ tenant }) => {
    const runtime = await tenant.create();
    const { opened, socket, gone } = await connectTo(tenant.node, ticketOf(runtime));
    await opened;
    socket.close();
    await gone;
    const types = ['runtime.connected', 'runtime.disconnected'] as const;
    const filter = { after: '0', types: [...types] };
    const events = () => tenant.store.listEvents(tenant.organizationId, runtime.id, filter, 9);
    const data = { connectionId: ownConnectionId(runtime, 'cdp'), protocol: 'cdp' };
    await expect.poll(events).toMatchObject(types.map((type) => ({ type, data })));
  });

  test('a client is told that its runtime was stopped', async ({ tenant: { create, node } }) => {
    const runtime = await create();
    const { opened, socket, gone } = await connectTo(node, ticketOf(runtime));
    await opened;
    const closed = once(socket, 'close');
    await node.stop(runtime, REQUESTED);
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([GOING_AWAY, 'The runtime was stopped.']);
    await gone;
  });
}

function testRevocations(test: NodeTest): void {
  test('a revoked connection sends its clients away, and no others', async ({
    tenant: { create, node },
  }) => {
    const runtime = await create();
    const expiresAt = soon();
    const wanted = { protocol: 'cdp', access: 'observe', expiresAt } as const;
    const { id } = await node.createConnection(runtime, wanted);
    const ticket = ticketOf(runtime, 'cdp', { connectionId: id, access: 'observe', expiresAt });
    const [theirs, own] = [await connectTo(node, ticket), await connectTo(node, ticketOf(runtime))];
    await Promise.all([theirs.opened, own.opened]);
    const closed = once(theirs.socket, 'close');
    expect(await node.revokeConnection(runtime, id)).toMatchObject({ id });
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([GOING_AWAY, 'The connection was revoked.']);
    expect(own.socket.readyState).toBe(own.socket.OPEN);
    const left = (await node.listConnections(runtime)).map((one) => one.id);
    expect(left.toSorted()).toEqual(idsOf(runtime).toSorted());
    await expect(node.revokeConnection(runtime, id)).rejects.toMatchObject({
      code: 'connection.not_found',
    });
  });

  test('another one takes the place of an own connection that is revoked, by the record', async ({
    tenant,
  }) => {
    const { node } = tenant;
    const runtime = await tenant.create();
    const { opened, socket } = await connectTo(node, ticketOf(runtime));
    await opened;
    const closed = once(socket, 'close');
    await node.revokeConnection(runtime, ownConnectionId(runtime, 'cdp'));
    await closed;
    const recorded = await tenant.find(runtime);
    if (!recorded) throw new Error('the runtime is not recorded any more');
    expect(recorded.connectionEpochs).toEqual({ cdp: 1 });
    const listed = (await node.listConnections(runtime)).map(({ id }) => id);
    expect(listed.toSorted()).toEqual(idsOf(recorded).toSorted());
    await refuses(node, ticketOf(runtime), 'connection.revoked');
    await (
      await connectTo(node, ticketOf(recorded))
    ).opened;
  });
}

function testRefusals(test: NodeTest): void {
  test('an expired ticket opens nothing', async ({ tenant: { create, node } }) => {
    const ticket = ticketOf(await create(), 'cdp', { expiresAt: new Date(Date.now() - 1) });
    await refuses(node, ticket, 'connection.ticket_expired');
  });

  test('a ticket of another runtime, or of none, opens nothing', async ({
    tenant: { create, node },
  }) => {
    const [one, other] = [await create(), await create()];
    const { connectionId } = ticketOf(other);
    await refuses(node, ticketOf(one, 'cdp', { connectionId }), 'connection.revoked');
    await refuses(node, ticketOf(one, 'cdp', { runtimeId: randomUUID() }), 'runtime.not_active');
  });

  test('a ticket of a life that is over opens neither it nor the next one', async ({
    tenant: { create, start, node },
  }) => {
    const runtime = await create();
    const old = ticketOf(runtime);
    await node.stop(runtime, REQUESTED);
    await refuses(node, old, 'runtime.not_active');
    const next = await start({ ...runtime, generation: 2 });
    await refuses(node, old, 'connection.revoked');
    await (
      await connectTo(node, ticketOf(next))
    ).opened;
  });
}

/** Whoever is refused is told why, and nothing of what it sends is read. */
async function refuses(node: RuntimeNode, ticket: ReadTicket, code: string): Promise<void> {
  const counted = bodyOf([Buffer.alloc(1)]);
  await expect(node.answer(ticket, requestOf({ body: counted.body }))).rejects.toMatchObject({
    code,
  });
  expect(counted.taken).toBe(0);
  const { gone, socket } = await connectTo(node, ticket);
  await expect(gone).rejects.toMatchObject({ code });
  expect(socket.readyState).not.toBe(socket.OPEN);
}
