import { json } from 'node:stream/consumers';
import type { Attached, Companion, Run } from '../companion.ts';
import { RuntimeError } from '../errors.ts';
import { carryOut } from './carry-out.ts';
import { Deadline } from './deadline.ts';
import { EgressFailures } from './egress-failures.ts';
import { pageCrashed, timedOut } from './one-shot-errors.ts';
import { ONE_SHOTS, OneShotOrder } from './one-shot-order.ts';

/** Does with a page what a one-shot asks for, and answers with the outcome. */
export class OneShotPages implements Companion {
  readonly name = ONE_SHOTS;

  async attach(run: Run): Promise<Attached> {
    const egress = new EgressFailures();
    const noting = run.onNote((event) => egress.add(event));
    return {
      answer: async ({ body, gone }) => answer(run, egress, { order: await json(body), gone }),
      [Symbol.asyncDispose]: async () => noting[Symbol.dispose](),
    };
  }
}

/**
 * Carries an order out in the default page. Throws `page.timeout`, `page.crashed`,
 * `runtime.not_active`, or as `carryOut`.
 */
async function answer(
  { browser: { pages }, signal: ending }: Run,
  egress: EgressFailures,
  asked: { order: unknown; gone: AbortSignal },
): Promise<Response> {
  const order = OneShotOrder.parse(asked.order);
  using deadline = new Deadline(order.leftMs, () => timedOut('load', order.timeoutMs));
  const crash = new AbortController();
  const crashed = () => crash.abort(pageCrashed());
  const tab = pages.tabs.find(({ pageId }) => pageId === pages.defaultPageId);
  if (!tab) throw pageCrashed();
  using _watching = pages.onTabs(() => {
    if (tab.hasCrashed) crashed();
  });
  const until = AbortSignal.any([deadline.signal, crash.signal, asked.gone, ending]);
  try {
    using session = await pages.attach(tab.pageId, { signal: until });
    session.gone.addEventListener('abort', crashed, { once: true });
    return await carryOut({ session, tab, order, deadline, egress, signal: until });
  } catch (error) {
    if (!ending.aborted) throw error;
    throw new RuntimeError('runtime.not_active', 'The runtime has ended.', { cause: error });
  }
}
