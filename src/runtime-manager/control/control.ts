/** Who drives a browser: programs, or a person. */
export const HOLDERS = ['agent', 'human'] as const;
export type Holder = (typeof HOLDERS)[number];

/** How long the reason for a hand-over may be, in characters. */
export const REASON_MAX = 500;

/** Why a person drives no more: it said so, gave no input for long, or went away. */
export const RETURNS = ['returned', 'idle', 'left'] as const;
export type ReturnCause = (typeof RETURNS)[number];

const IDLE_MS = 60_000;
/** Shorter than what drivers give an action, so that they tell this reason and not their own. */
const CLIENTS_WAIT_MS = 20_000;

/** How a person has control. */
export interface Hold {
  /** The viewer that gives input; undefined: somebody took control by the API, for any viewer. */
  viewer: string | undefined;
  /** Why control was taken, if whoever took it said so. */
  reason: string | undefined;
  /** The wish of a program that it answers. */
  request: ControlRequest | undefined;
  /** Ends without input for so long. */
  idleMs: number;
  /** For how long input of programs waits before it fails. */
  clientsWaitMs: number;
}

/** A program's wish for a person. */
export interface ControlRequest {
  reason: string;
  at: Date;
}

export interface ControlState {
  holder: Holder;
  since: Date;
  hold: Hold | undefined;
  /** Until a person has had control. */
  request: ControlRequest | undefined;
}

export type ControlChange =
  | { type: 'taken'; hold: Hold }
  | { type: 'returned'; cause: ReturnCause }
  | { type: 'requested'; request: ControlRequest };

/** Who drives one browser. Programs do, until a person takes control, and again after that. */
export class Control implements Disposable {
  readonly #listeners = new Set<(change: ControlChange) => void>();
  #since = new Date();
  #hold: Hold | undefined;
  #request: ControlRequest | undefined;
  /** Resolves when programs drive again. */
  #returned = Promise.withResolvers<void>();
  #idle: NodeJS.Timeout | undefined;

  get state(): ControlState {
    const holder = this.#hold ? 'human' : 'agent';
    return { holder, since: this.#since, hold: this.#hold, request: this.#request };
  }

  /** The hold of a person; undefined while programs drive. */
  get hold(): Hold | undefined {
    return this.#hold;
  }

  /** Resolves when programs drive; at once when they do. */
  get returned(): Promise<void> {
    return this.#hold ? this.#returned.promise : Promise.resolve();
  }

  /** Programs drive from now on: the browser has become a runtime's. */
  begin(): void {
    this.#since = new Date();
  }

  /** Calls `listener` with each change from now on, until the result is disposed. */
  follow(listener: (change: ControlChange) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** Gives a person control, also in the place of another one. */
  take(wanted: Partial<Omit<Hold, 'request'>> = {}): void {
    const before = this.#hold;
    const { viewer, reason, idleMs = IDLE_MS, clientsWaitMs = CLIENTS_WAIT_MS } = wanted;
    const request = this.#request ?? before?.request;
    const hold = { viewer, reason, request, idleMs, clientsWaitMs };
    this.#hold = hold;
    this.#request = undefined;
    if (!before) {
      this.#since = new Date();
      this.#returned = Promise.withResolvers();
    }
    this.touch();
    this.#tell({ type: 'taken', hold });
  }

  /** The person who has control is there. */
  touch(): void {
    if (!this.#hold) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.giveBack('idle'), this.#hold.idleMs).unref();
  }

  /** Lets programs drive. Nothing changes when they do. */
  giveBack(cause: ReturnCause): void {
    if (!this.#hold) return;
    clearTimeout(this.#idle);
    this.#hold = undefined;
    // Whoever gives control back has seen what was asked meanwhile; whoever just left may not have.
    if (cause === 'returned') this.#request = undefined;
    this.#since = new Date();
    this.#returned.resolve();
    this.#tell({ type: 'returned', cause });
  }

  /** A program asks for a person. Nothing changes when it asks the same again. */
  request(reason: string): void {
    if (this.#request?.reason === reason) return;
    const request = { reason, at: new Date() };
    this.#request = request;
    this.#tell({ type: 'requested', request });
  }

  /** Nobody drives any more. */
  [Symbol.dispose](): void {
    clearTimeout(this.#idle);
    this.#listeners.clear();
    this.#returned.resolve();
  }

  #tell(change: ControlChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
