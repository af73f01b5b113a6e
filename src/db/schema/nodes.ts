import { inArray } from 'drizzle-orm';
import { index, integer, pgEnum, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import {
  GONE_NODE_STATES,
  NODE_ROLES,
  PRESENT_NODE_STATES,
} from '../../runtime-manager/runtime/index.ts';
import { instant } from './columns.ts';

export const nodeState = pgEnum('node_state', [...PRESENT_NODE_STATES, ...GONE_NODE_STATES]);

/**
 * The processes of a cluster. Half of each page is kept free (`fillfactor`), and no index may have
 * `lease_until`, not even in its condition: so a renewal hardly ever writes one.
 * https://www.postgresql.org/docs/current/storage-hot.html
 */
export const nodes = pgTable(
  'nodes',
  {
    id: uuid().primaryKey(),
    /** One more with each life. */
    epoch: integer().notNull(),
    state: nodeState().notNull(),
    role: text({ enum: NODE_ROLES }).notNull(),
    address: text(),
    httpAddress: text(),
    build: text().notNull(),
    protocol: integer().notNull(),
    /** By the clock of Postgres. */
    leaseUntil: instant().notNull(),
    /** When this life began. */
    startedAt: instant().notNull().defaultNow(),
  },
  (table) => [index('nodes_state').on(table.state)],
);

export const isPresent = inArray(nodes.state, PRESENT_NODE_STATES);
export const isGone = inArray(nodes.state, GONE_NODE_STATES);
