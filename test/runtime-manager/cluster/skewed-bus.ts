import type { Bus } from '../../../src/runtime-manager/cluster/bus.ts';

type Change = (message: unknown) => unknown;

/** What one end says by a bus, as a process of another version says it. */
export function skewedBus(bus: Bus, change: Change): Bus {
  return {
    get isConnected() {
      return bus.isConnected;
    },
    request: (subject, message, options) => bus.request(subject, change(message), options),
    serve: (subject, work, options) =>
      bus.serve(
        subject,
        async (message, call) => {
          const answer = (given: unknown, withinMs: number) => call.answer(change(given), withinMs);
          return change(await work(message, { ...call, answer }));
        },
        options,
      ),
    publish: (subject, message) => bus.publish(subject, change(message)),
    subscribe: (subject, heard) => bus.subscribe(subject, heard),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
}

/** What passes as it is: whoever keeps it or takes it apart knows what is in it. */
const OPAQUE = new Set(['launch', 'egress', 'proxy', 'message', 'details']);

/** As a later version says it: with more keys in everything. */
export function withLaterKeys(said: unknown): unknown {
  if (Array.isArray(said)) return said.map(withLaterKeys);
  if (typeof said !== 'object' || said === null || said instanceof Date) return said;
  const entries = Object.entries(said).map(([key, value]) => [
    key,
    OPAQUE.has(key) ? value : withLaterKeys(value),
  ]);
  return { ...Object.fromEntries(entries), ofALaterVersion: { said: ['more'] } };
}

/** As a version says it that has nothing of what may be missing. */
export function withoutOptionalKeys(said: unknown): unknown {
  const optional = new Set(['mayWait', 'expiresAt', 'lastActivityAt', 'retryAfterSeconds']);
  if (Array.isArray(said)) return said.map(withoutOptionalKeys);
  if (typeof said !== 'object' || said === null || said instanceof Date) return said;
  const entries = Object.entries(said).filter(([key]) => !optional.has(key));
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutOptionalKeys(value)]));
}
