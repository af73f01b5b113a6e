import { connect } from 'node:net';
import { z } from 'zod';
import type { NatsServer } from './nats-servers.ts';

/** What a server of NATS says of itself before anything is asked of it. */
const Greeting = z.object({
  tls_required: z.boolean().default(false),
  tls_available: z.boolean().default(false),
  /** Whether it lets in only clients with certificates. */
  tls_verify: z.boolean().default(false),
});
export type Greeting = z.infer<typeof Greeting>;

/**
 * Reads the first line of a server
 * (https://docs.nats.io/reference/reference-protocols/nats-protocol#info). Throws an error with a
 * code when there is none in time (`ABORT_ERR`) or no connection, and one without when it is not a
 * server of NATS.
 */
export async function readGreeting(
  { hostname: host, port }: NatsServer,
  timeoutMs: number,
): Promise<Greeting> {
  const socket = connect({ host, port, signal: AbortSignal.timeout(timeoutMs) });
  let said = '';
  // Whoever leaves the loop closes the connection.
  for await (const chunk of socket) {
    said += String(chunk);
    if (said.includes('\n')) break;
  }
  const [, info = ''] = /^INFO (\{.*\})\s*$/m.exec(said) ?? [];
  return Greeting.parse(JSON.parse(info));
}
