import { Burst } from './burst.ts';
import type { Humanizer } from './humanizer.ts';
import type { OwnCommands, Result } from './own-commands.ts';

/** With so many moves unanswered, those on the way are left out; the last one counts. */
const UNANSWERED_MAX = 32;
/** A page that is left meanwhile never answers. */
const ANSWERED_MS = 5000;
/** A page that is busy, or shows a dialog, answers late. */
const PATIENCE_MS = 300;

/** What acting for one session takes: time, and a way to the browser beside the client's. */
export class Stage {
  readonly humanizer: Humanizer;
  readonly #burst = new Burst();
  /** The present command is of one burst with the last one. */
  #isQueued = false;
  readonly #own: OwnCommands;
  readonly #sessionId: string | undefined;
  #unanswered = 0;
  #toldAt = 0;
  #delayLeftMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(humanizer: Humanizer, own: OwnCommands, sessionId: string | undefined) {
    this.humanizer = humanizer;
    this.#own = own;
    this.#sessionId = sessionId;
  }

  /** In ms, of a clock that only goes on. */
  get now(): number {
    return performance.now();
  }

  /** What the present command may still be delayed by. */
  get delayLeftMs(): number {
    return this.#delayLeftMs * this.#burst.pace;
  }

  /** Moves and turns of the wheel that the page has not answered yet. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** Something else begins, with all the time of a person, if the client has waited for what was. */
  beginAnew(): void {
    if (!this.#isQueued) this.#burst.renew();
  }

  /** A command comes to its turn; `isQueued`: it came before the last one was done. */
  enter(isQueued: boolean): void {
    this.#isQueued = isQueued;
    this.#burst.enter(this.now);
    if (this.now - this.#toldAt > ANSWERED_MS) this.#unanswered = 0;
    this.#delayLeftMs = this.humanizer.maxDelayMs;
  }

  /** Waits so long, or as long as there is left. */
  async pause(ms: number): Promise<void> {
    await this.#wait(Math.min(ms * this.#burst.pace, this.delayLeftMs));
  }

  /** Waits until so long after `since`, by `now`. */
  async pauseSince(since: number, ms: number): Promise<void> {
    await this.pause(since + ms - this.now);
  }

  /** Calls `act` with each step of a timeline at its time; steps that come too late may be left out. */
  async play<Step extends { atMs: number }>(
    steps: readonly Step[],
    act: (step: Step) => void,
    mayLeaveOut: boolean,
  ): Promise<void> {
    const startedAt = this.now;
    for (const [at, step] of steps.entries()) {
      await this.#wait(startedAt + step.atMs - this.now);
      const next = steps[at + 1];
      const isLate = next !== undefined && this.now >= startedAt + next.atMs;
      if (!isLate || !mayLeaveOut) act(step);
    }
  }

  /** Sends an event of ours; one that can be left out is when the page does not keep up. */
  tell(method: string, params: object, mayLeaveOut = false): void {
    if (mayLeaveOut && this.#unanswered >= UNANSWERED_MAX) return;
    this.#unanswered++;
    this.#toldAt = this.now;
    this.#own.tell({ method, params, sessionId: this.#sessionId }, () => {
      this.#unanswered = Math.max(0, this.#unanswered - 1);
    });
  }

  /** Resolves without a result when it failed, or takes longer than there is left. */
  async ask(method: string, params: object): Promise<Result> {
    const patienceMs = Math.min(PATIENCE_MS, this.delayLeftMs);
    if (patienceMs < 1) return undefined;
    await this.#whileOpen();
    const askedAt = this.now;
    const command = { method, params, sessionId: this.#sessionId };
    const result = await this.#own.ask(command, patienceMs);
    await this.#whileOpen();
    this.#passed(askedAt);
    return result;
  }

  /** What still waits is never resumed. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #wait(ms: number): Promise<void> {
    if (ms < 1) return;
    await this.#whileOpen();
    const startedAt = this.now;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#timer = setTimeout(resolve, ms);
    await promise;
    this.#passed(startedAt);
  }

  /** Settles unless it is closed. */
  async #whileOpen(): Promise<void> {
    if (this.#isClosed) await Promise.withResolvers<void>().promise;
  }

  #passed(since: number): void {
    const { now } = this;
    this.#delayLeftMs = Math.max(0, this.#delayLeftMs - (now - since));
    this.#burst.spend(now - since, now);
  }
}
