import type { Logger } from 'pino';
import { Connections } from '../../src/runtime-manager/connections/connections.ts';
import type { WakeUps } from '../../src/runtime-manager/events/wake-ups.ts';
import { connectionNotes } from '../../src/runtime-manager/node/connection-notes.ts';
import { CLOSE_REASONS } from '../../src/runtime-manager/node/runtime-ends.ts';
import { RuntimeRecord, type RuntimeEnd } from '../../src/runtime-manager/node/runtime-record.ts';
import { WaitingClients } from '../../src/runtime-manager/node/waiting-clients.ts';
import type { Runtime, RuntimeStore } from '../../src/runtime-manager/runtime/index.ts';

export interface FakeLifeParts {
  store: RuntimeStore;
  wakeUps: WakeUps;
  log: Logger;
}

/** One life of a runtime, as far as it has no browser. */
export class FakeLife {
  readonly record: RuntimeRecord;
  readonly connections: Connections;
  readonly clients: WaitingClients<Runtime>;
  #ended: Promise<Runtime> | undefined;

  /** `unwanted` is called when all clients have hung up. */
  constructor(runtime: Runtime, { store, wakeUps, log }: FakeLifeParts, unwanted: () => void) {
    this.clients = new WaitingClients(unwanted);
    this.record = new RuntimeRecord(runtime, store, log, (written) => wakeUps.wake(written));
    this.connections = new Connections(connectionNotes(this.record, log), runtime);
  }

  get runtime(): Runtime {
    return this.record.runtime;
  }

  get ended(): Promise<Runtime> | undefined {
    return this.#ended;
  }

  end(end: RuntimeEnd): Promise<Runtime> {
    this.#ended ??= this.#end(end);
    return this.#ended;
  }

  #end(end: RuntimeEnd): Promise<Runtime> {
    this.connections.close(CLOSE_REASONS[end.to === 'failed' ? 'failed' : end.reason]);
    return this.record.end(end);
  }
}
