import type { Logger } from 'pino';
import type { Connection, ConnectionEvents } from '../connections/connections.ts';
import type { RuntimeRecord } from './runtime-record.ts';

/** Records which clients come to a runtime and go, and which driver attached last. */
export function connectionNotes(record: RuntimeRecord, log: Logger): ConnectionEvents {
  const note = (
    type: 'runtime.connected' | 'runtime.disconnected',
    { id, protocol }: Connection,
    more: Record<string, unknown> = {},
  ) => {
    const data = { connectionId: id, protocol, ...more };
    log.info(data, type);
    record.note({ type, data });
  };
  return {
    attached: (connection, driver) => {
      if (driver) record.setDriver(driver);
      note('runtime.connected', connection, { driver: driver ?? null });
    },
    detached: (connection) => note('runtime.disconnected', connection),
  };
}
