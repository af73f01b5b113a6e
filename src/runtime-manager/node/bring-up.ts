import type { Companion, Run } from '../companion.ts';
import type { Route } from '../egress/route.ts';
import type { Extensions } from '../extensions/extensions.ts';
import type { BrowserMachine, MachineBrowser } from '../machine/browser-machine.ts';
import type { RuntimeMetrics } from './start-stages.ts';
import type { ProfileSession } from '../profiles/profile-session.ts';
import type { BrowserConfig } from '../runtime/launch.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Place } from './admission.ts';
import type { Companions } from './companions.ts';
import type { ProxyRoute } from './proxy-route.ts';
import { runningMove } from './running-move.ts';
import type { RuntimeRecord } from './runtime-record.ts';
import { inSpan } from '../tracing/tracing.ts';
import type { Logger } from 'pino';

export interface BringUpParts {
  machine: BrowserMachine;
  extensions: Pick<Extensions, 'resolve'>;
  metrics: RuntimeMetrics;
  /** The companions of every run. */
  companions: readonly Companion[];
}

/** What one runtime is brought up with. */
export interface BringUp extends BringUpParts {
  place: Place;
  record: RuntimeRecord;
  /** Undefined for an ephemeral runtime. */
  profile: ProfileSession | undefined;
  route: ProxyRoute;
  /** The companions that are attached to the runtime. */
  attached: Companions;
  use: () => Disposable;
  log: Logger;
  /** Aborts when the runtime is to end, with the reason. */
  ending: AbortController;
  /** The ready browser that the runtime was recorded as running with, if there was one. */
  taken: MachineBrowser | undefined;
  /** Called once there is a browser: whatever ends the runtime from then on ends the browser too. */
  own: (browser: MachineBrowser) => void;
}

/** A browser, and the way out that it is to have. */
interface Obtained {
  browser: MachineBrowser;
  route: Route;
  /** Undefined: there is nothing to check. */
  checked?: Promise<void>;
}

/**
 * The one road from a record to a runtime that runs: wait for room, take or launch a browser,
 * furnish it, record it. Throws what the launch fails with, `runtime.no_capacity`, or the reason
 * for which the runtime was ended meanwhile.
 */
export async function bringUp(run: BringUp): Promise<Runtime> {
  const { metrics, place, profile } = run;
  const { signal } = run.ending;
  if (run.taken) run.own(run.taken);
  try {
    await inSpan('runtime.admission', {}, () => metrics.time('queue', () => place.ready()));
    signal.throwIfAborted();
    const obtained = run.taken ? take(run, run.taken) : await launch(run);
    await furnish(run, obtained);
    // The end may have begun meanwhile, and nobody is to be told of a runtime that runs.
    signal.throwIfAborted();
    return await running(run, obtained);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw profile ? await profile.explain(error) : error;
  }
}

function take({ route }: BringUp, browser: MachineBrowser): Obtained {
  return { browser, route: route.by(undefined) };
}

/** The proxy is tried while the browser is launched. */
async function launch(run: BringUp): Promise<Obtained> {
  const { record, machine, metrics, ending } = run;
  const { signal } = ending;
  if (record.runtime.state === 'accepted') await record.move({ to: 'launching' });
  const profile = await run.profile?.begin();
  const route = run.route.by(configOf(run).proxy ?? undefined);
  const checked = check(run, route);
  checked.catch((error: unknown) => ending.abort(error));
  const { launch: asked, organizationId } = record.runtime;
  const ids = asked.mode === 'ephemeral' ? asked.extensionIds : run.profile?.extensionIds;
  const extensions = await run.extensions.resolve(organizationId, ids ?? []);
  const spec = { profile, extensions };
  const browser = await metrics.time('browser', () => machine.launch(spec, signal));
  run.own(browser);
  return { browser, route, checked };
}

/** A direct way needs no check. */
async function check({ machine, metrics, ending }: BringUp, route: Route): Promise<void> {
  const { signal } = ending;
  const checkRoute = () => metrics.time('proxy', () => machine.checkRoute(route, signal));
  return route.proxy ? inSpan('proxy.check', {}, checkRoute) : checkRoute();
}

/** Attaches the companions, and opens the browser's way out once the route is checked. */
async function furnish(run: BringUp, { browser, route, checked }: Obtained): Promise<void> {
  const { record, profile, log, ending } = run;
  run.place.launched();
  const about: Run = {
    runtime: record.runtime,
    config: configOf(run),
    browser,
    profile: profile?.lease,
    log,
    signal: ending.signal,
    note: (event) => record.note(event),
    onNote: (listener) => record.onNote(listener),
    setDefaultPage: (pageId) => record.setDefaultPage(pageId),
    use: run.use,
    proxy: () => run.route.proxy,
  };
  const attached = inSpan('companions.attach', {}, () =>
    run.attached.attach(run.companions, about),
  );
  attached.catch(() => undefined); // Attaching may fail during the check.
  await checked;
  run.route.open(browser, route);
  await attached;
}

/** A ready browser was recorded with its runtime already, in one statement. */
async function running(run: BringUp, { browser, route }: Obtained): Promise<Runtime> {
  const { record, metrics, attached } = run;
  if (run.taken) return record.runtime;
  const move = runningMove(browser, route, attached.warnings);
  return inSpan('runtime.record', {}, () => metrics.time('store', () => record.move(move)));
}

function configOf({ record, profile }: BringUp): BrowserConfig {
  const { launch: asked } = record.runtime;
  return (asked.mode === 'ephemeral' ? asked.config : profile?.config) ?? {};
}
