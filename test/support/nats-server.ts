import { inject } from 'vitest';
import { startNatsServer, type NatsServer } from './nats-process.ts';

/** Whether tests with a server can run; in continuous integration they fail rather than be skipped. */
export const HAS_NATS = inject('natsServerPath') !== '' || process.env['CI'] !== undefined;

/** As `startNatsServer`, with the program that the tests found. */
export function openNatsServer(config?: string): Promise<NatsServer> {
  return startNatsServer(inject('natsServerPath') || 'nats-server', config);
}

export type { NatsServer } from './nats-process.ts';
