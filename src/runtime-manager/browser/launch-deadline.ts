/** It gets a tenth of the processor where there is not enough, but one that hangs is not waited for long. */
const LOW_PRIORITY_PATIENCE = 3;

/**
 * Aborts when something that a browser does takes too long. At low priority it may take longer,
 * until `hurry` aborts; then it has `limitMs` from there.
 */
export function deadlineOf(limitMs: number, hurry: AbortSignal | undefined): AbortSignal {
  if (!hurry || hurry.aborted) return AbortSignal.timeout(Math.ceil(limitMs));
  const late = new AbortController();
  const abortAfter = (ms: number) =>
    setTimeout(() => late.abort(new Error('it took too long')), ms).unref();
  let timer = abortAfter(limitMs * LOW_PRIORITY_PATIENCE);
  hurry.addEventListener(
    'abort',
    () => {
      clearTimeout(timer);
      timer = abortAfter(limitMs);
    },
    { once: true },
  );
  return late.signal;
}
