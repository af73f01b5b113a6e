const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * When a delivery is tried again, in ms since its first try: the times of the Standard Webhooks
 * specification, over a day.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#deliverability-and-reliability
 */
const TRIES_MS: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];
/** Receivers that many deliveries wait for do not get them all at the same moment. */
const JITTER = 0.1;
const RETRY_AFTER_MAX_MS = HOUR_MS;
const SECONDS = /^\d{1,9}$/;
/** https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7, but for forms of the last century. */
const DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/**
 * After how many ms a delivery that has failed again is tried next, by how long ago its first try
 * was; undefined: it is given up. `random` is from 0 to 1.
 */
export function nextTryInMs(sinceFirstMs: number, random = Math.random()): number | undefined {
  const at = TRIES_MS.find((ms) => ms > sinceFirstMs);
  return at === undefined ? undefined : (at - sinceFirstMs) * (1 + JITTER * random);
}

/** What a `Retry-After` asks for, an hour at most; undefined when it says nothing that can be read. */
export function retryAfterMs(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  const ms = SECONDS.test(header) ? Number(header) * SECOND_MS : dateOf(header) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS);
}

function dateOf(header: string): number {
  return DATE.test(header) ? Date.parse(header) : NaN;
}
