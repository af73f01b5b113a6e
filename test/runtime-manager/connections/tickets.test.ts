import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  assertNotExpired,
  Tickets,
  type Ticket,
} from '../../../src/runtime-manager/connections/tickets.ts';

const invalid = expect.objectContaining({ code: 'connection.ticket_invalid' });

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

test('a ticket says what was signed', () => {
  const tickets = new Tickets();
  const ticket = ticketFor();
  expect(tickets.read(tickets.sign(ticket))).toMatchObject(ticket);
});

test('a ticket with any character changed is refused', () => {
  const tickets = new Tickets();
  const text = tickets.sign(ticketFor());
  for (let at = 0; at < text.length; at++) {
    const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    expect(() => tickets.read(changed)).toThrow(invalid);
  }
});

test.for(['', '.', 'a.b.c', 'null', '{}'])('%j is no ticket', (text) => {
  expect(() => new Tickets().read(text)).toThrow(invalid);
});

test('a ticket of another service, or with something appended, is refused', () => {
  const tickets = new Tickets();
  const text = tickets.sign(ticketFor());
  expect(() => new Tickets().read(text)).toThrow(invalid);
  expect(() => tickets.read(`${text}.x`)).toThrow(invalid);
});

test('a ticket is refused once it has expired', () => {
  const tickets = new Tickets();
  expect(() => assertNotExpired(tickets.read(tickets.sign(ticketFor(0))))).toThrow(
    expect.objectContaining({ code: 'connection.ticket_expired' }),
  );
});
