/** Counts what becomes of deliveries. */
export interface WebhookMetrics {
  /** `lagMs`: since the event happened. */
  delivered(lagMs: number): void;
  /** Counts a try that failed: it is repeated, or given up after a day. */
  failed(outcome: 'retried' | 'given_up'): void;
}
