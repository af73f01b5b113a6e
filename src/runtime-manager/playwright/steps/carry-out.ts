import { isKind, type Yield } from '../../operations/calls/definition.ts';
import { yieldOfEvent } from '../../operations/calls/events.ts';
import { type Kind, SCRIPT_CALL } from '../../operations/calls/kinds.ts';
import { isPlain } from '../../operations/steps/arguments-of-call.ts';
import type { ResolvedCall } from '../../operations/steps/resolve-call.ts';
import { StepError } from '../../operations/steps/step-error.ts';
import type {
  Json,
  StepBinding,
  StepFile,
  StepOutcome,
} from '../../operations/steps/step-outcome.ts';
import type { Step } from '../../operations/steps/step.ts';
import { type Bindings, type Bound, pageOf } from './bindings.ts';
import { toArguments } from './call-arguments.ts';
import { EventSubscription } from './event-subscription.ts';
import { isOfKind } from './kinds-of-objects.ts';
import { fileWish, toFile } from './result-file.ts';
import type { StepDialogs } from './step-dialogs.ts';
import { describe, toJson } from './values.ts';

/** The event that `StepDialogs` has to know of. */
const DIALOG = 'dialog';

/** A step, and what it has of the operation that it is in. */
export interface Run {
  step: Step;
  found: ResolvedCall;
  signal: AbortSignal;
  bindings: Bindings;
  dialogs: StepDialogs;
  givenFile: (path: string) => Promise<string>;
}

/** Makes the call of a step, and makes what it yields a value, a file or a binding. */
export async function carryOut(run: Run): Promise<StepOutcome> {
  const { step, found, signal } = run;
  const target = run.bindings.targetOf(found);
  const args = await toArguments(found.call, step, run);
  signal.throwIfAborted();
  if (found.call.listens && step.as !== undefined) {
    return { binding: listen(run, step.as, { target, args }) };
  }
  if (found.call.yields === 'file') {
    const options = step.args[found.call.optionsAt];
    return { file: await makeFile(found, target, { args, options }) };
  }
  const called = call(found.method, target.object, args);
  if (found.call.listens && args[0] === DIALOG) run.dialogs.expectIn(target.object, called);
  const yielded = await called;
  const yields = yieldOf(found, target, step);
  if (yields === 'nothing') return {};
  if (!isKind(yields)) return { value: toJson(yielded) };
  if (step.as === undefined) return { value: await describeEvent(found, yields, yielded) };
  if (!isOfKind(yields, yielded)) {
    throw new StepError('step_failed', `"${step.call}" found nothing to bind to "${step.as}"`);
  }
  const page = pageOf(yields, yielded, target.page);
  return { binding: run.bindings.bind(step.as, { kind: yields, object: yielded, page }) };
}

function yieldOf({ call: { yields } }: ResolvedCall, { awaits }: Bound, { args }: Step): Yield {
  return yields === 'event' ? (awaits ?? yieldOfEvent(args[0])) : yields;
}

async function call(method: string, object: unknown, args: unknown[]): Promise<unknown> {
  if (typeof object !== 'object' || object === null) throw new Error('there is no object to call');
  if (method === SCRIPT_CALL) return callScript(object, args[0]);
  const called: unknown = Reflect.get(object, method);
  if (typeof called !== 'function') throw new Error(`Playwright has no method ${method}`);
  return Reflect.apply(called, object, args);
}

function callScript(page: object, given: unknown): Promise<unknown> {
  const script = isPlain(given) ? given : {};
  return call('evaluate', page, [Reflect.get(script, 'source'), Reflect.get(script, 'args')]);
}

async function makeFile(
  { method, call: { optionsAt } }: ResolvedCall,
  { object }: Bound,
  { args, options }: { args: unknown[]; options: unknown },
): Promise<StepFile> {
  const wish = fileWish(method, options);
  const given = args[optionsAt];
  // The ending of a path says which type of image is meant, as it does with Playwright.
  const typed = method === 'screenshot' && isPlain(given) ? { ...given, type: wish.type } : given;
  return toFile(await call(method, object, args.with(optionsAt, typed)), wish);
}

/** From now on; a later step waits for what comes. */
function listen(
  { found, step, bindings, dialogs }: Run,
  alias: string,
  { target, args }: { target: Bound; args: unknown[] },
): StepBinding {
  const awaited = args.slice(0, found.call.optionsAt);
  const subscription = new EventSubscription((signal) =>
    call(found.method, target.object, [...awaited, { timeout: 0, signal }]),
  );
  if (args[0] === DIALOG) dialogs.expectIn(target.object, subscription.value());
  const awaits = yieldOf(found, target, step);
  return bindings.bind(alias, {
    kind: 'subscription',
    object: subscription,
    page: undefined,
    awaits,
  });
}

async function describeEvent(found: ResolvedCall, kind: Kind, object: unknown): Promise<Json> {
  const value = await describe(kind, object);
  // Nobody can answer a dialog that this step waited for and did not bind.
  if (found.call.listens && isOfKind('dialog', object)) object.dismiss().catch(() => undefined);
  return value;
}
