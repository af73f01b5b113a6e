import { randomUUID } from 'node:crypto';
import { CdpRefusal } from '../browser/cdp/cdp-pipe.ts';
import type { Attached, Companion, Run } from '../companion.ts';
import { RuntimeError } from '../errors.ts';
import type { PageObservers } from '../node/page-observers.ts';
import { untilAborted } from '../timing/until-aborted.ts';
import { MarkWriter } from './mark-writer.ts';
import type { RecordingReport } from './recorder-verbs.ts';
import type { RecordingStore } from './recording-store.ts';
import { RunRecorder } from './run-recorder.ts';
import type { Spool } from './spool.ts';

/** The first version of Chromium that the recorder was seen to work with. */
const CHROMIUM_VERSION = 156;
/** What Chromium says of a command that it does not know. */
const UNKNOWN = /wasn't found/;
/** How long the end of a runtime waits for the last parts of its tabs. */
const FINISH_MS = 3000;
/** How long a tab that is to be closed waits. */
const CLOSING_MS = 1000;
const OBSERVED_MS = 60_000;

export interface RecorderOptions {
  nodeId: string;
  store: Pick<RecordingStore, 'begin' | 'addMarks'>;
  spool: Spool;
  observers: Pick<PageObservers, 'observe'>;
  /** How large a recording may become; then no more is recorded. */
  mostBytes: number;
}

/** Records what happens in browsers whose runtimes ask for it; of others it knows nothing. */
export class Recorder implements Companion {
  readonly name = 'recording';
  readonly #options: RecorderOptions;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Throws `recording.unsupported`. */
  async attach(run: Run): Promise<Attached | undefined> {
    const { runtime, browser, log } = run;
    const { recording: options } = runtime;
    if (!options) return undefined;
    const { store, spool, nodeId, mostBytes } = this.#options;
    const id = randomUUID();
    const startedAt = new Date();
    const beganAtMs = performance.now();
    const now = (at = performance.now()) => Math.round(at - beganAtMs);
    const { organizationId, workspaceId, id: runtimeId, alias, generation } = runtime;
    const life = { organizationId, workspaceId, runtimeId, alias, generation };
    // First of all: what fails here leaves no record of a recording.
    const pathOf = await spool.open(id);
    const marks = new MarkWriter(store, id, log);
    const keep = (segment: Parameters<Spool['keep']>[1]) => spool.keep(id, segment);
    const recorder = new RunRecorder({ run, options, now, marks, pathOf, keep, mostBytes });
    const end = async () => {
      await untilAborted(recorder.finish(), AbortSignal.timeout(FINISH_MS)).catch(() => undefined);
      const endedAt = new Date(startedAt.getTime() + now());
      await marks[Symbol.asyncDispose]().catch(() => undefined);
      void spool.end(id, endedAt);
    };
    try {
      await store.begin({ id, ...life, nodeId, options, startedAt });
      await recorder.begin();
    } catch (error) {
      await end();
      throw isUnknown(error) ? unsupported() : error;
    }
    const { tabClosings } = browser.endpoints;
    tabClosings.before = (tabId) =>
      untilAborted(recorder.closing(tabId), AbortSignal.timeout(CLOSING_MS)).catch(() => undefined);
    const observing = options.diagnostics ? this.#observe(runtimeId) : undefined;
    return {
      call: async (verb) => {
        if (verb === 'pause') await recorder.pause('api');
        if (verb === 'resume') await recorder.resume('api');
        return { isPaused: recorder.isPaused } satisfies RecordingReport;
      },
      [Symbol.asyncDispose]: async () => {
        tabClosings.before = undefined;
        observing?.[Symbol.dispose]();
        await end();
      },
    };
  }

  /** Has what happens in the pages told as events, which are in the index then. */
  #observe(runtimeId: string): Disposable {
    const { observers } = this.#options;
    const observe = () => observers.observe(runtimeId, 2 * OBSERVED_MS);
    observe();
    const timer = setInterval(observe, OBSERVED_MS).unref();
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }
}

function isUnknown(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof CdpRefusal && UNKNOWN.test(cause.message);
}

function unsupported(): RuntimeError {
  const message = `This Chromium cannot record its tabs: version ${CHROMIUM_VERSION} can.`;
  const details = { chromiumVersion: CHROMIUM_VERSION };
  return new RuntimeError('recording.unsupported', message, { details });
}
