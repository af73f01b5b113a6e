import { LOW_PRIORITY_SLOWDOWN } from './process-group.ts';

/**
 * Aborts when something a browser does takes too long. At low priority it may take as many times as
 * long as it gets less, until `hurry` aborts; then it has `limitMs` from there.
 */
export function deadlineOf(limitMs: number, hurry: AbortSignal | undefined): AbortSignal {
  if (!hurry || hurry.aborted) return AbortSignal.timeout(Math.ceil(limitMs));
  const late = new AbortController();
  const abortAfter = (ms: number) =>
    setTimeout(() => late.abort(new Error('it took too long')), ms).unref();
  let timer = abortAfter(limitMs * LOW_PRIORITY_SLOWDOWN);
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
