import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { Tickets } from '../../../src/runtime-manager/connections/tickets.ts';

const invalid = expect.objectContaining({ code: 'connection.ticket_invalid' });

test('a ticket opens the runtime it was issued for', () => {
  const tickets = new Tickets(1000);
  const runtimeId = randomUUID();
  const { ticket, expiresAt } = tickets.issue(runtimeId);
  expect(tickets.redeem(ticket)).toBe(runtimeId);
  expect(expiresAt.getTime() - Date.now()).toBeGreaterThan(900);
});

test('a ticket with any character changed is refused', () => {
  const tickets = new Tickets(1000);
  const { ticket } = tickets.issue(randomUUID());
  for (let at = 0; at < ticket.length; at++) {
    const changed = ticket.slice(0, at) + (ticket[at] === 'A' ? 'B' : 'A') + ticket.slice(at + 1);
    expect(() => tickets.redeem(changed)).toThrow(invalid);
  }
});

test.for(['', '.', 'a.b.c', 'null', '{}'])('%j is no ticket', (text) => {
  expect(() => new Tickets(1000).redeem(text)).toThrow(invalid);
});

test('a ticket of another service is refused', () => {
  const { ticket } = new Tickets(1000).issue(randomUUID());
  expect(() => new Tickets(1000).redeem(ticket)).toThrow(invalid);
});

test('a ticket with something appended is refused', () => {
  const tickets = new Tickets(1000);
  expect(() => tickets.redeem(`${tickets.issue(randomUUID()).ticket}.x`)).toThrow(invalid);
});

test('a ticket is refused once it has expired', () => {
  const tickets = new Tickets(0);
  const { ticket } = tickets.issue(randomUUID());
  expect(() => tickets.redeem(ticket)).toThrow(
    expect.objectContaining({ code: 'connection.ticket_expired' }),
  );
});
