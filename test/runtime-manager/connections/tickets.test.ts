import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import {
  assertNotExpired,
  Tickets,
  type Ticket,
} from '../../../src/runtime-manager/connections/tickets.ts';

const invalid = expect.objectContaining({ code: 'connection.ticket_invalid' });

const KEY = randomBytes(32);

function ticketFor(ttlMs = 1000): Ticket {
  return {
    nodeId: randomUUID(),
    runtimeId: randomUUID(),
    generation: 1,
    connectionId: randomUUID(),
    protocol: 'cdp',
    access: 'observe',
    expiresAt: new Date(Date.now() + ttlMs),
  };
}

test('a ticket returns what was signed', () => {
  const tickets = new Tickets([KEY]);
  const ticket = ticketFor();
  expect(tickets.read(tickets.sign(ticket))).toMatchObject(ticket);
});

test('a ticket with any character changed is refused', () => {
  const tickets = new Tickets([KEY]);
  const text = tickets.sign(ticketFor());
  for (let at = 0; at < text.length; at++) {
    const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    expect(() => tickets.read(changed)).toThrow(invalid);
  }
});

test.for(['', '.', 'a.b.c', 'null', '{}'])('%j is no ticket', (text) => {
  expect(() => new Tickets([KEY]).read(text)).toThrow(invalid);
});

test('a ticket of a service with another key, or with something appended, is refused', () => {
  const tickets = new Tickets([KEY]);
  const text = tickets.sign(ticketFor());
  expect(() => new Tickets([randomBytes(32)]).read(text)).toThrow(invalid);
  expect(() => tickets.read(`${text}.x`)).toThrow(invalid);
});

test('every service that has the key can check a ticket, even one that has it as an old key', () => {
  const ticket = ticketFor();
  const text = new Tickets([KEY]).sign(ticket);
  const [fresh, older] = [randomBytes(32), randomBytes(32)];
  expect(new Tickets([fresh, older, KEY]).read(text)).toMatchObject(ticket);
  const signed = new Tickets([fresh, KEY]).sign(ticket);
  expect(() => new Tickets([KEY]).read(signed)).toThrow(invalid);
});

test('a text that another version signed with the key is no ticket', () => {
  const payload = Buffer.from(JSON.stringify({ runtimeId: randomUUID() })).toString('base64url');
  const signature = createHmac('sha256', KEY).update(payload).digest('base64url');
  expect(() => new Tickets([KEY]).read(`${payload}.${signature}`)).toThrow(invalid);
});

test('a ticket of another process expires by the clock', () => {
  const tickets = new Tickets([KEY]);
  const text = tickets.sign(ticketFor(60_000));
  const elsewhere = { ...tickets.read(text), timeOrigin: 1, expiresAtMs: performance.now() - 1 };
  assertNotExpired(elsewhere);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
  try {
    expect(() => assertNotExpired(elsewhere)).toThrow('expired');
  } finally {
    vi.useRealTimers();
  }
});

test('a ticket is refused once it has expired', () => {
  const tickets = new Tickets([KEY]);
  expect(() => assertNotExpired(tickets.read(tickets.sign(ticketFor(0))))).toThrow(
    expect.objectContaining({ code: 'connection.ticket_expired' }),
  );
});
