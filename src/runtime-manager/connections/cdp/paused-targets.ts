import { z } from 'zod';
import { parseJson } from '../parse-json.ts';
import { CdpCommand } from './cdp-policy.ts';
import type { QuietCommands } from './quiet-commands.ts';
import type { Acting } from '../websocket/websocket-bridge.ts';

/** How long a client may hold a target that others wait for. A program needs some ms for it. */
const HOLD_MAX_MS = 10_000;

const RESUME = 'Runtime.runIfWaitingForDebugger';
const ATTACHED = '{"method":"Target.attachedToTarget"';
const DETACHED = '{"method":"Target.detachedFromTarget"';

const Event = z.object({
  params: z.object({ sessionId: z.string(), waitingForDebugger: z.boolean().optional() }),
});

/**
 * The targets that one client holds at their start (`waitForDebuggerOnStart`). A target runs only when
 * each client that holds it lets it go. So a client that froze, or that somebody steps through, would
 * hold the new tabs of all others: after a while the service lets its targets go in its stead. The
 * client stays attached to them; and a client that is alone may take its time.
 */
export class PausedTargets implements Acting {
  readonly answerStartBytes = DETACHED.length;
  readonly isFull = false;
  readonly #quiet: QuietCommands;
  readonly #isAlone: () => boolean;
  readonly #held = new Map<string, NodeJS.Timeout>();
  /** Whether the client has said nothing since a target was let go in its stead. */
  #isAbsent = false;

  constructor(quiet: QuietCommands, isAlone: () => boolean) {
    this.#quiet = quiet;
    this.#isAlone = isAlone;
  }

  /** Takes no command, and only notes the targets that the client lets go itself. */
  take(payload: Buffer): boolean {
    this.#isAbsent = false;
    if (this.#held.size === 0 || !payload.includes(RESUME, 0, 'latin1')) return false;
    const { data: command } = CdpCommand.safeParse(parseJson(payload));
    if (command?.method === RESUME && command.sessionId) this.#forget(command.sessionId);
    return false;
  }

  isAnswer(start: Buffer): boolean {
    const text = start.toString('latin1', 0, this.answerStartBytes);
    return text.startsWith(ATTACHED) || text.startsWith(DETACHED);
  }

  answer(payload: Buffer): Buffer {
    const { data: event } = Event.safeParse(parseJson(payload));
    if (event) {
      const { sessionId, waitingForDebugger } = event.params;
      if (waitingForDebugger) this.#hold(sessionId);
      else this.#forget(sessionId);
    }
    return payload;
  }

  close(): void {
    for (const timer of this.#held.values()) clearInterval(timer);
    this.#held.clear();
  }

  #hold(sessionId: string): void {
    const look = () => {
      if (!this.#isAlone()) this.#resume(sessionId);
    };
    // A tab is several targets, one in the other, and an absent client would hold each of them.
    if (this.#isAbsent) return look();
    this.#held.set(sessionId, setInterval(look, HOLD_MAX_MS).unref());
  }

  #resume(sessionId: string): void {
    this.#isAbsent = true;
    this.#forget(sessionId);
    this.#quiet.send(RESUME, {}, sessionId);
  }

  #forget(sessionId: string): void {
    clearInterval(this.#held.get(sessionId));
    this.#held.delete(sessionId);
  }
}
