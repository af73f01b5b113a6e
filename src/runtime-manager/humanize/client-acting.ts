import type { Acting, Wire } from '../connections/websocket/websocket-bridge.ts';
import type { Humanizer } from './humanizer.ts';
import { readInputCommand, type InputCommand } from './input-command.ts';
import { InputQueue } from './input-queue.ts';
import { ANSWER_START_BYTES, OwnCommands, type SentCommand } from './own-commands.ts';

/** When this many commands of one client wait, the client is not read. */
const WAITING_MAX = 500;
const QUEUES_MAX = 200;

/**
 * Acts out what one client does with mouse and keyboard. The input commands of a session are done in
 * their order, and sessions do not wait for each other, so that several pages can be driven at the
 * same time. All other commands pass at once.
 */
export class ClientActing implements Acting {
  readonly answerStartBytes = ANSWER_START_BYTES;
  readonly #humanizer: Humanizer;
  readonly #wire: Wire;
  readonly #sent: (command: SentCommand) => void;
  readonly #own: OwnCommands;
  readonly #queues = new Map<string | undefined, InputQueue>();
  #waiting = 0;

  /** `sent` is called with each command that goes to the browser, also those of the humanizer. */
  constructor(
    humanizer: Humanizer,
    wire: Wire,
    sent: (command: SentCommand) => void = () => undefined,
  ) {
    this.#humanizer = humanizer;
    this.#wire = wire;
    this.#sent = sent;
    this.#own = new OwnCommands((command) => this.#send(command));
  }

  get isFull(): boolean {
    return this.#waiting >= WAITING_MAX;
  }

  take(payload: Buffer): boolean {
    const command = readInputCommand(payload);
    if (!command) return false;
    this.#waiting++;
    this.#queueOf(command.sessionId)
      .do(command)
      .catch((error: unknown) => this.#wire.fail(error));
    return true;
  }

  isAnswer(start: Buffer): boolean {
    return this.#own.isAnswer(start);
  }

  answer(payload: Buffer): undefined {
    this.#own.settle(payload);
  }

  /** Does at once what is being done, and returns what has not begun, in its order. */
  interrupt(): InputCommand[] {
    const notBegun = [...this.#queues.values()].flatMap((queue) => queue.interrupt());
    this.#waiting -= notBegun.length;
    return notBegun;
  }

  close(): void {
    for (const queue of this.#queues.values()) queue.close();
  }

  #queueOf(sessionId: string | undefined): InputQueue {
    const known = this.#queues.get(sessionId);
    if (known) return known;
    if (this.#queues.size >= QUEUES_MAX) this.#forgetIdle();
    const queue = new InputQueue(this.#humanizer, this.#own, sessionId, (command) => {
      this.#send(command);
      this.#waiting--;
      if (this.#waiting === WAITING_MAX - 1) this.#wire.readOn();
    });
    this.#queues.set(sessionId, queue);
    return queue;
  }

  /** Forgets queues without work, since nobody tells us when a session ends. */
  #forgetIdle(): void {
    for (const [sessionId, queue] of this.#queues) {
      if (queue.isIdle) this.#queues.delete(sessionId);
    }
  }

  #send(command: SentCommand): void {
    this.#sent(command);
    this.#wire.send(Buffer.from(JSON.stringify(command)));
  }
}
