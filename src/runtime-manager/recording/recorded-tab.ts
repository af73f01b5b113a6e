import type { Logger } from 'pino';
import type { Pages } from '../browser/pages/pages.ts';
import { pagePicture } from '../screenshots/page-picture.ts';
import { OpenSegment } from './open-segment.ts';
import { followVisibility } from './tab-visibility.ts';

/** Whoever kills the browser or the service takes no more than this of a page that changes. */
const SEGMENT_MS = 15_000;
/** The browser keeps what it records in memory until a segment ends. */
const SEGMENT_BYTES = 4 * 1024 * 1024;
/** Both segments of a rotation have so much: the second picture of one may be late. */
const OVERLAP_MS = 300;
const READ_MS = 1000;
const AGAIN_MS = 2000;
/** A segment of another size begins so long after the page has it, and not much more often than this. */
const RESIZED_MS = 150;
const RESIZES_MS = 2000;
/** A page whose picture is the same stands still; small enough to cost little, and sharp enough to tell. */
const LOOK = { format: 'jpeg', quality: 50, width: 640 } as const;
const LOOK_MS = 1000;
/** Pictures a second, of a tab; and of one that draws so much that encoding takes a good part of a core. */
const FRAME_RATE = 10;
const BUSY_FRAME_RATE = 5;
/** From so much a picture on, a tab is busy; with few pictures each has more that is new. */
const BUSY_BYTES = 5000;
/** Not at its first pictures, which are large. */
const BUSY_AFTER_MS = 4000;

/** A segment that has ended. Times are ms since the recording began. */
export interface EndedSegment {
  path: string;
  tabId: string;
  startMs: number;
  endMs: number;
  sizeBytes: number;
}

export interface RecordedTabParts {
  pageId: string;
  pages: Pick<Pages, 'attach'>;
  /** ms since the recording began, now or at a time of `performance.now()`. */
  now: (at?: number) => number;
  /** Where a segment that begins at a time is written. */
  pathOf: (startMs: number) => string;
  ended: (segment: EndedSegment) => void;
  /** A segment has its first picture, so its encoder is there. */
  encoding: () => void;
  /** The tab came to front, or is shown for another reason. */
  shown: () => void;
  /** How many tabs are recorded now: they share the browser's memory. */
  count: () => number;
  /** Whether another tab of its window is recorded too: only one of them is in front. */
  hasNeighbour: () => Promise<boolean>;
  log: Logger;
}

interface Running {
  segment: OpenSegment;
  /** Resolves when it has its first picture, which is when it starts. */
  begun: Promise<void>;
  startMs: number;
  /** Whether the page has another size than when it began. */
  size: { isOther: boolean };
  /** When the page was last seen to stand still. */
  stillMs: number;
  /** What it looked like then. */
  look: Buffer | undefined;
}

/**
 * Records one tab while it is visible. A tab that is recorded stays visible, so whether it is in front
 * is only known while it is not: `recheck` ends the segment and looks again. All that happens to the
 * tab happens one after the other.
 */
export class RecordedTab {
  readonly #parts: RecordedTabParts;
  #work: Promise<unknown> = Promise.resolve();
  /** Has the session that tells whether the tab is visible, while it is not recorded. */
  #watch: DisposableStack | undefined;
  #running: Running | undefined;
  #timer: NodeJS.Timeout | undefined;
  #frameRate = FRAME_RATE;
  /** Whether it is to be recorded while it is visible. */
  #isOn = false;
  #isOver = false;
  /** By `performance.now()`. */
  #resizedAtMs = -Infinity;

  constructor(parts: RecordedTabParts) {
    this.#parts = parts;
  }

  get isRecording(): boolean {
    return this.#running !== undefined;
  }

  /** Records from now on while the tab is visible. Throws as `CdpSession.send`. */
  begin(): Promise<void> {
    this.#isOn = true;
    return this.#next(() => this.#follow());
  }

  /** Looks again whether the tab is visible by itself. */
  recheck(): Promise<void> {
    return this.#next(async () => {
      if (!this.#running) return;
      await this.#end();
      await this.#follow();
    });
  }

  /** Ends the segment, so that nothing of it is lost when the tab is closed; the next one begins then. */
  async flush(): Promise<void> {
    if (!this.#running) return;
    await this.#next(() => this.#end());
    this.#next(() => this.#follow()).catch((error: unknown) => this.#failed(error));
  }

  /** Records nothing until `begin`. */
  pause(): Promise<void> {
    this.#isOn = false;
    return this.#next(async () => {
      this.#unfollow();
      await this.#end();
    });
  }

  /** Ends what is being recorded, while the tab is still there. */
  finish(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    return this.#next(async () => {
      this.#unfollow();
      await this.#end();
    }, true);
  }

  #next(work: () => Promise<void>, isLast = false): Promise<void> {
    const done = this.#work.then(async () => {
      if (!this.#isOver || isLast) await work();
    });
    this.#work = done.catch(() => undefined);
    return done;
  }

  /** Two may have asked for it, or a pause came meanwhile. */
  async #follow(): Promise<void> {
    if (!this.#isOn || this.#running) return;
    this.#unfollow();
    const { pages, pageId } = this.#parts;
    const first = Promise.withResolvers<boolean>();
    const watch = new DisposableStack();
    this.#watch = watch;
    const session = await followVisibility(pages, pageId, (isVisible) => {
      first.resolve(isVisible);
      if (isVisible && this.#watch === watch) void this.#become(watch);
    });
    watch.use(session);
    session.gone.addEventListener('abort', () => first.resolve(false), { once: true });
    if (await first.promise) await this.#start();
  }

  #unfollow(): void {
    this.#watch?.dispose();
    this.#watch = undefined;
  }

  /** A hidden tab is visible now. */
  #become(watch: DisposableStack): Promise<void> {
    return this.#next(async () => {
      if (this.#watch === watch && !this.#running) await this.#start();
    }).catch((error: unknown) => this.#failed(error));
  }

  async #start(): Promise<void> {
    this.#unfollow();
    this.#running = await this.#open();
    this.#parts.shown();
    this.#schedule();
  }

  async #open(): Promise<Running> {
    const { pages, pageId, now, pathOf, encoding } = this.#parts;
    const startMs = now();
    const path = pathOf(startMs);
    const size = { isOther: false };
    const segment = await OpenSegment.start({
      pages,
      pageId,
      frameRate: this.#frameRate,
      path,
      resized: () => this.#resized(size),
    });
    const begun = segment.begun().then((at) => {
      running.startMs = Math.max(startMs, now(at));
      encoding();
    });
    const running: Running = { segment, begun, startMs, size, stillMs: startMs, look: undefined };
    return running;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#timer);
    const running = this.#running;
    this.#running = undefined;
    if (running) await this.#close(running, this.#parts.now());
  }

  async #close({ segment, startMs }: Running, endMs: number): Promise<void> {
    await segment.stop();
    const { pageId: tabId, ended } = this.#parts;
    ended({ path: segment.path, tabId, startMs, endMs, sizeBytes: segment.bytes });
  }

  /** A window that is drawn larger tells so again and again. */
  #resized(size: Running['size']): void {
    if (size.isOther) return;
    size.isOther = true;
    const isSoon = performance.now() - this.#resizedAtMs < RESIZES_MS;
    this.#resizedAtMs = performance.now();
    if (this.#running?.size === size && !isSoon) this.#schedule(RESIZED_MS);
  }

  #schedule(afterMs = READ_MS): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#next(() => this.#tend()).then(
        () => {
          if (this.#running) this.#schedule();
        },
        (error: unknown) => this.#failed(error),
      );
    }, afterMs).unref();
  }

  async #tend(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    await running.segment.read();
    const { now, count } = this.#parts;
    const ageMs = now() - running.startMs;
    const isLarge = running.segment.bytes > SEGMENT_BYTES / Math.max(1, count());
    const isDue =
      isLarge ||
      running.size.isOther ||
      this.#hasOtherRate(running, ageMs) ||
      (ageMs >= SEGMENT_MS && (await this.#hasChanged(running)));
    if (isDue) await this.#rotate(running);
  }

  /** A tab that is busy gets fewer pictures at once, and more again with its next segment. */
  #hasOtherRate({ segment }: Running, ageMs: number): boolean {
    if (ageMs < BUSY_AFTER_MS) return false;
    const pictures = (ageMs / 1000) * this.#frameRate;
    const isBusy = segment.bytes > BUSY_BYTES * pictures;
    const before = this.#frameRate;
    if (isBusy || ageMs >= SEGMENT_MS) this.#frameRate = isBusy ? BUSY_FRAME_RATE : FRAME_RATE;
    return isBusy && before === FRAME_RATE;
  }

  /** Whether there may be something in the segment that the one before has not; it asks every 15 s. */
  async #hasChanged(running: Running): Promise<boolean> {
    const { now } = this.#parts;
    if (now() - running.stillMs < SEGMENT_MS) return false;
    const before = running.look;
    running.look = await this.#look();
    running.stillMs = now();
    return !running.look || !before?.equals(running.look);
  }

  async #look(): Promise<Buffer | undefined> {
    const { pages, pageId } = this.#parts;
    try {
      using session = await pages.attach(pageId);
      return await pagePicture(session, LOOK, AbortSignal.timeout(LOOK_MS));
    } catch {
      return undefined;
    }
  }

  /** The next segment begins before this one ends, so that nothing is missed between them. */
  async #rotate(running: Running): Promise<void> {
    if (await this.#parts.hasNeighbour()) {
      await this.#end();
      return this.#follow();
    }
    const next = await this.#open();
    next.look = running.look;
    this.#running = next;
    await next.begun;
    await new Promise((resolve) => setTimeout(resolve, OVERLAP_MS));
    await this.#close(running, next.startMs);
  }

  /** The tab is busy, or has gone. */
  #failed(err: unknown): void {
    const { pageId, log } = this.#parts;
    log.debug({ err, pageId }, 'a tab is not recorded for now');
    const again = async () => {
      await this.#end();
      this.#timer = setTimeout(() => {
        this.#next(() => this.#follow()).catch((error: unknown) => this.#failed(error));
      }, AGAIN_MS).unref();
    };
    void this.#next(again);
  }
}
