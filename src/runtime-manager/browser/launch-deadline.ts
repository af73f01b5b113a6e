/** How many times as long a launch at low priority may take: it gets less, but may hang all the same. */
const LOW_PRIORITY_PATIENCE = 3;

/** A time limit; disposed of when what it is for is done. */
export interface LaunchDeadline extends Disposable {
  /** Aborts when it is over. */
  signal: AbortSignal;
}

/**
 * Of a step in launching a browser. At low priority it may take longer, until `hurry` aborts; then
 * it has `limitMs` from there.
 */
export function openDeadline(limitMs: number, hurry: AbortSignal | undefined): LaunchDeadline {
  const late = new AbortController();
  const abortAfter = (ms: number) =>
    setTimeout(() => late.abort(new Error(`it took more than ${Math.round(ms)} ms`)), ms).unref();
  const isPatient = hurry !== undefined && !hurry.aborted;
  let timer = abortAfter(isPatient ? limitMs * LOW_PRIORITY_PATIENCE : limitMs);
  const shorten = () => {
    clearTimeout(timer);
    timer = abortAfter(limitMs);
  };
  if (isPatient) hurry.addEventListener('abort', shorten, { once: true });
  return {
    signal: late.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      hurry?.removeEventListener('abort', shorten);
    },
  };
}
