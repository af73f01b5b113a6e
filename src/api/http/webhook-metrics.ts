import { Counter } from 'prom-client';
import type { WebhookMetrics } from '../../runtime-manager/index.ts';
import type { Registers } from './gauge.ts';
import { createTiming, type Exemplar } from './timing.ts';

/** From a receiver that is near to one that was away for a day. */
const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600, 21_600, 86_400];

export function createWebhookMetrics(registers: Registers, exemplar: Exemplar): WebhookMetrics {
  const tries = new Counter({
    name: 'bctrl_webhook_tries_total',
    help: 'Attempts to deliver messages to webhooks, by outcome.',
    labelNames: ['outcome'],
    registers,
  });
  const lag = createTiming(
    {
      name: 'bctrl_webhook_lag_seconds',
      help: 'The time from an event to its delivery.',
      labelNames: [],
      buckets: SECONDS,
      registers,
    },
    exemplar,
  );
  return {
    delivered: (lagMs) => {
      tries.inc({ outcome: 'delivered' });
      lag.observe({}, lagMs);
    },
    failed: (outcome) => tries.inc({ outcome }),
  };
}
