import { setTimeout as delay } from 'node:timers/promises';
import { BusError, type Asking, type BusFailure, type BusRequestOptions } from '../bus.ts';
import type { LineClient } from './line-client.ts';

const AGAIN_MS = 300;

/**
 * Gives orders over a line, and over the bus when the line is closed. What may come twice is an order:
 * one whose line broke is given once more, over the bus, and joins the first.
 */
export function preferLine(line: LineClient, bus: Asking): Asking {
  return {
    publish: (subject, message) => (line.isOpen ? line : bus).publish(subject, message),
    request: async (subject, message, options) => {
      try {
        return await line.request(subject, message, options);
      } catch (error) {
        const failure = failureOf(error);
        if (failure === 'disconnected') return bus.request(subject, message, options);
        if (failure !== 'interrupted') throw error;
      }
      return again(bus, { subject, message, options });
    },
  };
}

interface Order {
  subject: string;
  message: unknown;
  options: BusRequestOptions;
}

/**
 * Gives an order again that may be under way: that the node is not there now does not say that nobody
 * has got it, so this waits until the node is back, or gone.
 */
async function again(bus: Asking, { subject, message, options }: Order): Promise<unknown> {
  for (;;) {
    try {
      return await bus.request(subject, message, options);
    } catch (error) {
      const failure = failureOf(error);
      if (failure === 'disconnected') throw new BusError('interrupted', subject, { cause: error });
      if (failure !== 'no_responders') throw error;
    }
    await delay(AGAIN_MS);
  }
}

function failureOf(error: unknown): BusFailure | undefined {
  return error instanceof BusError ? error.failure : undefined;
}
