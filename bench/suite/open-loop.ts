import { setTimeout as sleep } from 'node:timers/promises';
import { usePage } from './contender.ts';
import { runtimeOf, type BenchService } from './service.ts';

/** What became of the requests that were made. */
export interface Outcome {
  /** Milliseconds to the answer of those that got a runtime. */
  waits: number[];
  /** The same of those that were sent away in order, with a 503 and a Retry-After. */
  refusals: number[];
  /** When each whole life was done, in milliseconds since the first came. */
  done: number[];
  failures: string[];
}

/**
 * Creates a runtime at each of the times (milliseconds from now), however long others wait. Each is
 * used, kept for `keepMs` and stopped. Resolves when the last one is.
 */
export async function openLoop(
  service: BenchService,
  times: readonly number[],
  keepMs: number,
): Promise<Outcome> {
  const outcome: Outcome = { waits: [], refusals: [], done: [], failures: [] };
  const began = performance.now();
  const arrivals: Promise<void>[] = [];
  for (const time of times) {
    await sleep(Math.max(0, began + time - performance.now()));
    const arrival = arrive(service, outcome, { began, keepMs });
    arrivals.push(arrival.catch((error: unknown) => void outcome.failures.push(String(error))));
  }
  await Promise.all(arrivals);
  return outcome;
}

async function arrive(
  service: BenchService,
  outcome: Outcome,
  { began, keepMs }: { began: number; keepMs: number },
): Promise<void> {
  const came = performance.now();
  const answer = await service.tryCreate();
  const waited = performance.now() - came;
  if (answer.status === 503 && Number(answer.headers.get('retry-after')) > 0) {
    outcome.refusals.push(waited);
    return;
  }
  const runtime = runtimeOf(service.call, answer);
  outcome.waits.push(waited);
  try {
    using _ = await usePage(runtime);
    await sleep(keepMs);
  } finally {
    await runtime.end();
  }
  outcome.done.push(performance.now() - began);
}
