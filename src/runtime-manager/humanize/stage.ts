import { Burst } from './burst.ts';
import type { Humanizer } from './humanizer.ts';
import type { OwnCommands, Result } from './own-commands.ts';

/** With this many moves unanswered, further moves on the way are left out; the last one counts. */
const UNANSWERED_MAX = 32;
/** After this long no move counts as unanswered: a page that was left meanwhile never answers. */
const ANSWERED_MS = 5000;
/** A page that is busy, or shows a dialog, answers late. */
const PATIENCE_MS = 300;

/** What actors of one session need: time, and a way to the browser beside the client's. */
export class Stage {
  readonly humanizer: Humanizer;
  readonly #burst = new Burst();
  /** Whether the present command belongs to the same burst as the last one. */
  #isQueued = false;
  readonly #own: OwnCommands;
  readonly #sessionId: string | undefined;
  #unanswered = 0;
  #toldAt = 0;
  #delayLeftMs = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Ends the present wait. */
  #wake: (() => void) | undefined;
  #isHurried = false;
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

  /** How long the present command may still be delayed. */
  get delayLeftMs(): number {
    return this.#delayLeftMs * this.#burst.pace;
  }

  /** Moves and turns of the wheel that the page has not answered yet. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** Begins something new, with all of a person's time, if the client waited for the last command. */
  beginAnew(): void {
    if (!this.#isQueued) this.#burst.renew();
  }

  /** Called when a command's turn comes; `isQueued`: it came before the last one was done. */
  enter(isQueued: boolean): void {
    this.#isQueued = isQueued;
    this.#isHurried = false;
    this.#burst.enter(this.now);
    if (this.now - this.#toldAt > ANSWERED_MS) this.#unanswered = 0;
    this.#delayLeftMs = this.humanizer.maxDelayMs;
  }

  /** Does what is left of the present command at once. */
  hurry(): void {
    this.#isHurried = true;
    this.#delayLeftMs = 0;
    clearTimeout(this.#timer);
    this.#wake?.();
  }

  /** Waits for `ms`, or for what is left of the delay. */
  async pause(ms: number): Promise<void> {
    await this.#wait(Math.min(ms * this.#burst.pace, this.delayLeftMs));
  }

  /** Waits until `ms` after `since`, which is a value of `now`. */
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
      const isLate = next !== undefined && (this.#isHurried || this.now >= startedAt + next.atMs);
      if (!isLate || !mayLeaveOut) act(step);
    }
  }

  /** Sends an event of ours, or leaves out one that may be when the page does not keep up. */
  tell(method: string, params: object, mayLeaveOut = false): void {
    if (mayLeaveOut && this.#unanswered >= UNANSWERED_MAX) return;
    this.#unanswered++;
    this.#toldAt = this.now;
    this.#own.tell({ method, params, sessionId: this.#sessionId }, () => {
      this.#unanswered = Math.max(0, this.#unanswered - 1);
    });
  }

  /** Resolves without a result when the command fails, or takes longer than is left of the delay. */
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

  /** Actors that still wait are never resumed. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #wait(ms: number): Promise<void> {
    if (ms < 1 || this.#isHurried) return;
    await this.#whileOpen();
    const startedAt = this.now;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    await promise;
    this.#passed(startedAt);
  }

  /** Resolves unless the stage is closed; then never. */
  async #whileOpen(): Promise<void> {
    if (this.#isClosed) await Promise.withResolvers<void>().promise;
  }

  #passed(since: number): void {
    const { now } = this;
    this.#delayLeftMs = Math.max(0, this.#delayLeftMs - (now - since));
    this.#burst.spend(now - since, now);
  }
}
