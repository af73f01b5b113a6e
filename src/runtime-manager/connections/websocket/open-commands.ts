/** How much of a message's start tells which command the message is, or answers. */
export const START_BYTES = 160;
/** How much of a message's end holds the id and the session, where they do not come first. */
const END_BYTES = 160;
/** With more open commands of one client, the oldest is followed no more. */
const FOLLOWED_MAX = 1000;

const ID_FIRST = /^\s*\{\s*"id"\s*:\s*(\d+|"[^"]*")(?:\s*,\s*"sessionId"\s*:\s*"([^"]*)")?/;
const ID_LAST = /"id"\s*:\s*(\d+)(?:\s*,\s*"sessionId"\s*:\s*"([^"]*)")?\s*\}\s*$/;
const SESSION_LAST = /"sessionId"\s*:\s*"([^"]*)"\s*\}\s*$/;

const ANSWER = /^\{(?:"type":"(?:success|error)",)?"id":(\d+|"[^"]*")/;
const SESSION_OVER = /^\{"method":"Target\.detachedFromTarget","params":\{"sessionId":"([^"]+)"/;

const BRACE_END = '}'.charCodeAt(0);
const QUOTE = '"'.charCodeAt(0);
const SPACE = ' '.charCodeAt(0);
const EVENT = 'm'.charCodeAt(0);
/** The first letter of the first key. */
const KEY_AT = 2;

/** Chromium's code for a command that it cannot carry out. */
const SERVER_ERROR = -32000;

interface OpenCommand {
  /** By `performance.now()`. */
  sinceMs: number;
  sessionId: string | undefined;
}

/**
 * The commands of one client that were not answered yet, as CDP, WebDriver BiDi and Playwright's
 * protocol number them. Only the two ends of a message are looked at: a command that is written
 * otherwise is not followed.
 */
export class OpenCommands implements Disposable {
  readonly #open = new Map<string, OpenCommand>();
  readonly #onEnd: (() => void) | undefined;

  constructor(onEnd?: () => void) {
    this.#onEnd = onEnd;
  }

  /** Hears a message of the client, or its first `START_BYTES`. */
  asked(message: Buffer): void {
    const first = ID_FIRST.exec(message.toString('latin1', 0, START_BYTES));
    if (first?.[1] !== undefined && (first[2] !== undefined || !endsInText(message))) {
      return this.begin(first[1], first[2]);
    }
    const end = message.toString('latin1', Math.max(0, message.length - END_BYTES));
    const [, id, session] = first ?? ID_LAST.exec(end) ?? [];
    if (id !== undefined) this.begin(id, session ?? SESSION_LAST.exec(end)?.[1]);
  }

  /** `id` as it is written in JSON. */
  begin(id: string, sessionId?: string): void {
    const [oldest = ''] = this.#open.size < FOLLOWED_MAX ? [] : this.#open.keys();
    this.#open.delete(oldest);
    this.#open.set(id, { sinceMs: performance.now(), sessionId });
  }

  /** Hears a message to the client, or its first `START_BYTES`. */
  told(message: Buffer): void {
    if (this.#open.size === 0) return;
    const start = message.toString('latin1', 0, START_BYTES);
    if (message[KEY_AT] === EVENT) {
      const [, session] = SESSION_OVER.exec(start) ?? [];
      if (session !== undefined) this.#endSession(session);
      return;
    }
    const [, id] = ANSWER.exec(start) ?? [];
    if (id !== undefined) this.#open.delete(id);
  }

  /** Whether a command has been open for less than `limitMs`. */
  areOpen(limitMs: number): boolean {
    const since = performance.now() - limitMs;
    return [...this.#open.values()].some(({ sinceMs }) => sinceMs > since);
  }

  /** For each open command, CDP's answer that it failed: some clients show nothing else of an end. */
  failures(message: string): Buffer[] {
    return [...this.#open].map(([id, { sessionId }]) => {
      const more = JSON.stringify({ error: { code: SERVER_ERROR, message }, sessionId });
      return Buffer.from(`{"id":${id},${more.slice(1)}`);
    });
  }

  #endSession(session: string): void {
    for (const [id, { sessionId }] of this.#open) {
      if (sessionId === session) this.#open.delete(id);
    }
  }

  /** Forgets all commands: the client has gone, and waits for nothing. */
  [Symbol.dispose](): void {
    this.#open.clear();
    this.#onEnd?.();
  }
}

/** Whether a message's last value is a text, as a session is, or its end is written with a space. */
function endsInText(message: Buffer): boolean {
  const before = message[message.length - 2];
  return message.at(-1) !== BRACE_END || before === QUOTE || before === SPACE;
}
